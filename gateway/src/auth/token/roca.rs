//! RSA keys of a broken generator ("The Return of Coppersmith's Attack", CVE-2017-15361): whoever sees such a public key
//! can find the private one.

/// The primes that its fingerprint is taken by.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether a modulus has the generator's form: modulo each of the primes it is a power of 65537. One of about 2^28 others
/// has it by chance.
pub(super) fn is_weak(modulus: &[u8]) -> bool {
    PRIMES
        .iter()
        .all(|&prime| is_power(remainder(modulus, prime), prime))
}

fn remainder(number: &[u8], by: u32) -> u32 {
    number
        .iter()
        .fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % by)
}

fn is_power(of: u32, modulo: u32) -> bool {
    let mut power = 1;
    (0..modulo).any(|_| {
        let is = power == of;
        power = power * (65_537 % modulo) % modulo;
        is
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_told_from_other_remainders() {
        // 65537 is 10 modulo 11, whose powers are 1 and 10.
        let powers: Vec<u32> = (0..11).filter(|n| is_power(*n, 11)).collect();
        assert_eq!(powers, [1, 10]);
        assert_eq!(remainder(&[1, 0, 1], 167), 65_537 % 167);
        assert!(is_weak(&[1, 0, 1]) && !is_weak(&[1, 0, 3]));
    }
}
