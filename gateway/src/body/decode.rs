//! Compressed bodies, opened within bounds.
//!
//! A few bytes can open to gigabytes, so the output is counted while it is made and the work stops at the bound. The
//! ratio is judged only above [`RATIO_FLOOR`]: short documents compress well and harm nobody. Work yields to other
//! exchanges every [`PIECE`] bytes of output.

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Output below this is never judged by its ratio.
const RATIO_FLOOR: usize = 64 * 1024;
/// Output made before other work gets its turn.
const PIECE: usize = 64 * 1024;

/// What an opened body may become.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// The most bytes of output.
    pub decoded: usize,
    /// The most bytes of output for each byte of input.
    pub ratio: usize,
}

/// Why a body was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// A coding that is not opened here.
    #[error("the content encoding \"{0}\" is not supported; gzip, deflate and br are")]
    Unsupported(String),
    /// More than one coding.
    #[error("the body is encoded more than once, which is not supported")]
    Several,
    /// Larger than the bound once it is opened.
    #[error("the body opens to more than {0} bytes")]
    TooLarge(usize),
    /// Opens to too many times its size.
    #[error("the body opens to more than {0} times its size")]
    Ratio(usize),
    /// Not what its coding says.
    #[error("the body is not valid {0}")]
    Malformed(&'static str),
    /// Bytes that stand after the end of the compressed data.
    #[error("bytes follow the end of the {0} data")]
    Trailing(&'static str),
}

#[derive(Clone, Copy)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
}

/// Opens `bytes`, which came with this `Content-Encoding` (RFC 9110 §8.4). An empty body stays empty.
///
/// # Errors
/// [`DecodeFault`]: an unknown coding or several, a body that is not what it says, or one beyond `caps`.
pub async fn decode(content_encoding: &str, bytes: Bytes, caps: &Caps) -> Result<Bytes, DecodeFault> {
    let coding = coding(content_encoding)?;
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let input = &bytes[..];
    match coding {
        Coding::Identity if bytes.len() > caps.decoded => Err(DecodeFault::TooLarge(caps.decoded)),
        Coding::Identity => Ok(bytes),
        Coding::Gzip => {
            open(
                "gzip",
                GzipDecoder::new(input),
                GzipDecoder::into_inner,
                &bytes,
                caps,
            )
            .await
        }
        Coding::Brotli => {
            open(
                "br",
                BrotliDecoder::new(input),
                BrotliDecoder::into_inner,
                &bytes,
                caps,
            )
            .await
        }
        Coding::Deflate if is_zlib(&bytes) => {
            open(
                "deflate",
                ZlibDecoder::new(input),
                ZlibDecoder::into_inner,
                &bytes,
                caps,
            )
            .await
        }
        Coding::Deflate => {
            open(
                "deflate",
                DeflateDecoder::new(input),
                DeflateDecoder::into_inner,
                &bytes,
                caps,
            )
            .await
        }
    }
}

fn coding(content_encoding: &str) -> Result<Coding, DecodeFault> {
    let mut names = content_encoding
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let Some(name) = names.next() else {
        return Ok(Coding::Identity);
    };
    if names.next().is_some() {
        return Err(DecodeFault::Several);
    }
    match name.to_ascii_lowercase().as_str() {
        "identity" => Ok(Coding::Identity),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        "deflate" => Ok(Coding::Deflate),
        "br" => Ok(Coding::Brotli),
        other => Err(DecodeFault::Unsupported(other.chars().take(40).collect())),
    }
}

/// `deflate` means zlib (RFC 1950), but raw deflate (RFC 1951) is sent under that name too. Two bytes of a zlib head
/// name the method and are a multiple of 31; raw data that begins so is not produced by any encoder.
fn is_zlib(bytes: &[u8]) -> bool {
    match bytes {
        [method, flags, ..] => method & 0x8f == 0x08 && u16::from_be_bytes([*method, *flags]) % 31 == 0,
        _ => false,
    }
}

async fn open<'a, R>(
    name: &'static str,
    mut reader: R,
    rest: impl FnOnce(R) -> &'a [u8],
    input: &[u8],
    caps: &Caps,
) -> Result<Bytes, DecodeFault>
where
    R: AsyncRead + Unpin,
{
    let mut output = Vec::with_capacity(input.len().saturating_mul(3).min(caps.decoded).min(4 * PIECE));
    loop {
        // One byte more than the bound may be made, to tell "at the bound" from "beyond it".
        let room = (caps.decoded + 1 - output.len()).min(PIECE) as u64;
        let made = (&mut reader).take(room).read_to_end(&mut output).await;
        let made = made.map_err(|_| DecodeFault::Malformed(name))?;
        judge(output.len(), input.len(), caps)?;
        if (made as u64) < room {
            break;
        }
        tokio::task::yield_now().await;
    }
    match rest(reader).is_empty() {
        true => Ok(output.into()),
        false => Err(DecodeFault::Trailing(name)),
    }
}

fn judge(output: usize, input: usize, caps: &Caps) -> Result<(), DecodeFault> {
    if output > caps.decoded {
        return Err(DecodeFault::TooLarge(caps.decoded));
    }
    match output > RATIO_FLOOR && output > input.saturating_mul(caps.ratio) {
        true => Err(DecodeFault::Ratio(caps.ratio)),
        false => Ok(()),
    }
}
