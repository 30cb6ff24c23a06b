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

/// How many bytes at the beginning are of the set.
pub(crate) fn span(bytes: &[u8], set: &Set) -> usize {
    let outside = bytes.iter().position(|byte| !set[usize::from(*byte)]);
    outside.unwrap_or(bytes.len())
}
