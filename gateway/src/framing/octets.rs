//! Which byte may stand where (RFC 9110 §5.6.2, §5.5; RFC 3986).

/// A set of bytes.
pub(crate) type Set = [bool; 256];

const fn set(of: &[u8], ranges: &[(u8, u8)]) -> Set {
    let mut set = [false; 256];
    let mut i = 0;
    while i < of.len() {
        set[of[i] as usize] = true;
        i += 1;
    }
    let mut i = 0;
    while i < ranges.len() {
        let mut byte = ranges[i].0 as usize;
        while byte <= ranges[i].1 as usize {
            set[byte] = true;
            byte += 1;
        }
        i += 1;
    }
    set
}

/// `tchar`: methods and field names.
pub(crate) static TOKEN: Set = set(b"!#$%&'*+-.^_`|~", &[(b'0', b'9'), (b'a', b'z'), (b'A', b'Z')]);

/// A field's value: everything but controls. No CR, LF or NUL.
pub(crate) static VALUE: Set = set(b"\t", &[(b' ', b'~'), (0x80, 0xff)]);

/// A target: RFC 3986, and of what else clients send that which hyper takes too. No space, control or fragment. Whether a
/// path is accepted is for its canonical form to say.
pub(crate) static TARGET: Set = set(
    b"!$=_|~",
    &[
        (b'%', b';'),
        (b'?', b'^'),
        (b'a', b'{'),
        (b'}', b'}'),
        (0x80, 0xff),
    ],
);

/// How many bytes at the beginning are of [`VALUE`]. Values are most of a head: they are looked at eight bytes at once.
pub(crate) fn value_span(bytes: &[u8]) -> usize {
    let (eights, _) = bytes.as_chunks::<8>();
    let plain = eights
        .iter()
        .take_while(|eight| is_plain(u64::from_le_bytes(**eight)));
    let plain = plain.count() * 8;
    plain + span(&bytes[plain..], &VALUE)
}

/// Whether none of eight bytes is below a space or 0x7f. Those at 0x80 and above have no borrow from a lower one unless that
/// one is such a byte itself.
fn is_plain(eight: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let below_space = eight.wrapping_sub(ONES * 0x20) & !eight;
    let delete = eight ^ (ONES * 0x7f);
    let is_delete = delete.wrapping_sub(ONES) & !delete;
    (below_space | is_delete) & (ONES * 0x80) == 0
}

/// How many bytes at the beginning are of the set.
pub(crate) fn span(bytes: &[u8], set: &Set) -> usize {
    let outside = bytes.iter().position(|byte| !set[usize::from(*byte)]);
    outside.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_at_once_are_read_as_one_by_one() {
        for at in 0..20 {
            for byte in 0..=255 {
                for around in [b'a', 0x80, b'\t'] {
                    let mut bytes = [around; 20];
                    bytes[at] = byte;
                    assert_eq!(value_span(&bytes), span(&bytes, &VALUE), "{byte} at {at}");
                }
            }
        }
    }
}
