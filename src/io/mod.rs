//! Files: images, tables, provenance. The only place that reads and writes them.
