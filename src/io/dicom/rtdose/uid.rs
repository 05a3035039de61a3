//! Unique identifiers that depend on nothing but what they name: the same result has the same ones.

use sha2::{Digest, Sha256};

/// A UID from a digest and a role, in the form that DICOM gives to UUIDs (PS3.5, B.2): `2.25.` and the UUID as a decimal number.
///
/// The UUID is of version 8 (RFC 9562): the first 122 bits of SHA-256 over role and digest.
pub fn derived_uid(role: &str, digest: &str) -> String {
    let hash = Sha256::new().chain_update(role).chain_update([0]).chain_update(digest).finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::derived_uid;

    #[test]
    fn identifiers_are_repeatable_different_and_well_formed() {
        let uid = derived_uid("plan", "abc");
        assert_eq!(uid, derived_uid("plan", "abc"));
        assert_ne!(uid, derived_uid("plan", "abd"));
        assert_ne!(uid, derived_uid("study", "abc"));
        // The separator keeps role and digest apart.
        assert_ne!(derived_uid("a", "bc"), derived_uid("ab", "c"));
        let number: u128 = uid.strip_prefix("2.25.").expect("the root for UUIDs").parse().expect("a decimal number");
        assert!(uid.len() <= 64 && number >> 76 & 0xf == 8 && number >> 62 & 3 == 2, "{uid}");
    }
}
