//! A strict reader of the report's markup: what it does not accept, a browser might repair in its own way.

/// An element or, with the name `#text`, a piece of text.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
    /// Of a piece of text, references resolved; of `script` and `style` as it stands.
    pub(crate) content: String,
}

const VOID: [&str; 4] = ["meta", "input", "img", "br"];
const RAW: [&str; 2] = ["script", "style"];

impl Node {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All text inside, that of scripts and styles apart.
    pub(crate) fn text(&self) -> String {
        if RAW.contains(&self.name.as_str()) {
            return String::new();
        }
        self.children.iter().fold(self.content.clone(), |text, child| text + &child.text())
    }

    /// This element and all inside, in order.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let mut list = vec![self];
        self.children.iter().for_each(|child| list.extend(child.all()));
        list
    }

    /// Elements of a name inside.
    pub(crate) fn named(&self, name: &str) -> Vec<&Self> {
        self.all().into_iter().filter(|n| n.name == name).collect()
    }

    pub(crate) fn with_id(&self, id: &str) -> Option<&Self> {
        self.all().into_iter().find(|n| n.attribute("id") == Some(id))
    }
}

/// Reads a page; the first fault is told with what stands there.
pub(crate) fn read(page: &str) -> Result<Node, String> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>\n").ok_or("no document type")?;
    let mut open = vec![Node { name: "#page".into(), ..Node::default() }];
    while !rest.is_empty() {
        let place: String = rest.chars().take(60).collect();
        if let Some(tag) = rest.strip_prefix("</") {
            let (name, after) = tag.split_once('>').ok_or_else(|| format!("a tag does not end: {place}"))?;
            let node = open.pop().ok_or("nothing is open")?;
            if node.name != name {
                return Err(format!("</{name}> where </{}> was expected: {place}", node.name));
            }
            open.last_mut().ok_or("the page is closed twice")?.children.push(node);
            rest = after;
        } else if let Some(tag) = rest.strip_prefix('<') {
            let mut node = Node::default();
            let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).ok_or_else(|| format!("a tag does not end: {place}"))?;
            node.name = tag[..end].to_owned();
            if node.name.is_empty() {
                return Err(format!("`<` that begins no tag: {place}"));
            }
            rest = &tag[end..];
            loop {
                let inside = rest.trim_start();
                if let Some(after) = inside.strip_prefix("/>") {
                    let foreign = open.iter().any(|n| n.name == "svg") || node.name == "svg";
                    if !foreign && !VOID.contains(&node.name.as_str()) {
                        return Err(format!("<{}/> is no empty element: {place}", node.name));
                    }
                    rest = after;
                    open.last_mut().ok_or("text behind the page")?.children.push(node);
                    break;
                }
                if let Some(after) = inside.strip_prefix('>') {
                    rest = after;
                    if VOID.contains(&node.name.as_str()) {
                        return Err(format!("<{}> is not closed: {place}", node.name));
                    }
                    if RAW.contains(&node.name.as_str()) {
                        let end = format!("</{}>", node.name);
                        let (content, after) = rest.split_once(&end).ok_or_else(|| format!("{end} is missing"))?;
                        node.content = content.to_owned();
                        rest = after;
                        open.last_mut().ok_or("text behind the page")?.children.push(node);
                    } else {
                        open.push(node);
                    }
                    break;
                }
                if inside.len() == rest.len() {
                    return Err(format!("no blank before an attribute: {place}"));
                }
                let (name, after) = inside.split_once("=\"").ok_or_else(|| format!("an attribute without value: {place}"))?;
                let (value, after) = after.split_once('"').ok_or_else(|| format!("a value does not end: {place}"))?;
                if name.contains([' ', '<', '>', '\'']) || value.contains('<') || node.attribute(name).is_some() {
                    return Err(format!("attribute {name}: {place}"));
                }
                node.attributes.push((name.to_owned(), resolve(value)?));
                rest = after;
            }
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let text = Node { name: "#text".into(), content: resolve(&rest[..end])?, ..Node::default() };
            open.last_mut().ok_or("text behind the page")?.children.push(text);
            rest = &rest[end..];
        }
    }
    let page = open.pop().ok_or("nothing")?;
    if !open.is_empty() {
        return Err(format!("<{}> is not closed", page.name));
    }
    Ok(page)
}

/// Text without references.
fn resolve(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['&', '>']) {
        out += &rest[..at];
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"')];
        let (name, c) =
            known.iter().find(|(name, _)| rest[at..].starts_with(name)).ok_or_else(|| format!("not escaped: {}", &rest[at..]))?;
        out.push(*c);
        rest = &rest[at + name.len()..];
    }
    Ok(out + rest)
}

/// What makes a page usable by everyone, beyond being well formed.
pub(crate) fn check(page: &Node) {
    let all = page.all();
    let ids: Vec<&str> = all.iter().filter_map(|n| n.attribute("id")).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id is given twice");
    for node in &all {
        for name in ["aria-controls", "aria-labelledby", "for"] {
            assert!(node.attribute(name).is_none_or(|id| ids.contains(&id)), "{name} of {} leads nowhere", node.name);
        }
        for name in ["src", "href", "xlink:href", "action"] {
            assert!(node.attribute(name).is_none_or(|v| v.starts_with("data:")), "{} asks the network", node.name);
        }
        assert!(node.attributes.iter().all(|(name, _)| !name.starts_with("on")), "{:?}", node.attributes);
        match node.name.as_str() {
            "table" => {
                assert!(node.children.first().is_some_and(|c| c.name == "caption" && !c.text().is_empty()), "a table without caption");
            }
            "img" => assert!(node.attribute("alt").is_some_and(|a| !a.is_empty())),
            "svg" | "canvas" => {
                assert!(node.attribute("aria-label").is_some_and(|a| !a.is_empty()) && node.attribute("role") == Some("img"));
            }
            "button" => assert_eq!(node.attribute("type"), Some("button")),
            _ => {}
        }
    }
    let mut level = 0;
    for heading in all.iter().filter(|n| matches!(n.name.as_str(), "h1" | "h2" | "h3" | "h4")) {
        let this: u32 = heading.name[1..].parse().expect("a level");
        assert!(this <= level + 1, "a heading of level {this} below one of level {level}: {}", heading.text());
        level = this;
    }
    assert_eq!(page.named("h1").len(), 1);
    assert_eq!(page.named("html")[0].attribute("lang"), Some("en"));
}
