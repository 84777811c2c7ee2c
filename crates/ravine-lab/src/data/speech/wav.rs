//! Sound in RIFF's WAVE form: 16-bit PCM, any rate, channels mixed to one.
//!
//! `RIFF`, a length, `WAVE`, then chunks of a four-letter name, a little-endian u32 length and that many bytes, padded
//! to an even number. `fmt ` holds the format, `data` the samples. Source: IBM and Microsoft, Multimedia Programming
//! Interface and Data Specifications 1.0, 1991.

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wav {
    /// Samples a second.
    pub(super) rate: u32,
    /// The mean of the channels, in [-1, 1).
    pub(super) samples: Vec<f32>,
}

const PCM: u16 = 1;
/// The format is told by more fields, which for 16 bits say PCM again.
const EXTENSIBLE: u16 = 0xfffe;

/// Reads a file that is in memory. A `data` chunk that claims more than there is ends with the file: programs that
/// write to a pipe cannot know its length beforehand.
///
/// The error is a sentence.
pub(super) fn parse(bytes: &[u8]) -> Result<Wav, String> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(format!("expected RIFF and WAVE at its start, found {:?}", start(bytes)));
    }
    let mut rest = &bytes[12..];
    let mut format = None;
    while let Some((header, body)) = rest.split_at_checked(8) {
        let length = u32_at(header, 4) as usize;
        let chunk = &body[..length.min(body.len())];
        match &header[..4] {
            b"fmt " => format = Some(Format::parse(chunk)?),
            b"data" => {
                let format = format.ok_or("the chunk 'fmt ' must come before 'data'")?;
                return Ok(Wav { rate: format.rate, samples: format.mix(chunk) });
            }
            _ => {}
        }
        rest = body.get(length + length % 2..).unwrap_or_default();
    }
    Err("the chunk 'data' is missing".into())
}

struct Format {
    channels: usize,
    rate: u32,
}

impl Format {
    fn parse(chunk: &[u8]) -> Result<Self, String> {
        if chunk.len() < 16 {
            return Err(format!("the chunk 'fmt ' must have at least 16 bytes, not {}", chunk.len()));
        }
        let (tag, channels, rate, bits) =
            (u16_at(chunk, 0), u16_at(chunk, 2), u32_at(chunk, 4), u16_at(chunk, 14));
        if !matches!(tag, PCM | EXTENSIBLE) || bits != 16 {
            return Err(format!("the samples must be 16-bit PCM, not {bits} bits of format {tag:#06x}"));
        }
        if channels == 0 {
            return Err("it has no channels".into());
        }
        if rate < 8000 {
            return Err(format!("speech needs at least 8000 samples a second, not {rate}"));
        }
        Ok(Self { channels: channels.into(), rate })
    }

    fn mix(&self, data: &[u8]) -> Vec<f32> {
        let sample = |bytes: &[u8]| f32::from(i16::from_le_bytes([bytes[0], bytes[1]])) / 32_768.0;
        let mean = |frame: &[u8]| frame.chunks_exact(2).map(sample).sum::<f32>() / self.channels as f32;
        data.chunks_exact(2 * self.channels).map(mean).collect()
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn start(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(12)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &str, body: &[u8]) -> Vec<u8> {
        let mut chunk = name.as_bytes().to_vec();
        chunk.extend((body.len() as u32).to_le_bytes());
        chunk.extend(body);
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    }

    fn format(tag: u16, channels: u16, bits: u16) -> Vec<u8> {
        format_at(22_050, tag, channels, bits)
    }

    fn format_at(rate: u32, tag: u16, channels: u16, bits: u16) -> Vec<u8> {
        let mut body = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
        body.extend(rate.to_le_bytes());
        body.extend([0; 6]);
        body.extend(bits.to_le_bytes());
        chunk("fmt ", &body)
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        [b"RIFF\x24\xf0\xff\x7fWAVE".to_vec(), chunks.concat()].concat()
    }

    #[test]
    fn samples_come_out_mixed_and_scaled() {
        let samples: Vec<u8> = [16_384i16, -32_768, 8192, 0].into_iter().flat_map(i16::to_le_bytes).collect();
        let mono = file(&[format(1, 1, 16), chunk("LIST", b"odd"), chunk("data", &samples)]);
        assert_eq!(parse(&mono), Ok(Wav { rate: 22_050, samples: vec![0.5, -1.0, 0.25, 0.0] }));
        let stereo = file(&[format(0xfffe, 2, 16), chunk("data", &samples)]);
        assert_eq!(parse(&stereo).unwrap().samples, [-0.25, 0.125]);
    }

    #[test]
    fn a_length_that_was_not_known_means_the_rest() {
        let mut piped = file(&[format(1, 1, 16), chunk("data", &[0, 64])]);
        let length = piped.len() - 6;
        piped[length..length + 4].copy_from_slice(&0x7fff_f000u32.to_le_bytes());
        assert_eq!(parse(&piped).unwrap().samples, [0.5]);
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let data = || chunk("data", &[0, 0]);
        let cases = [
            (Vec::new(), "RIFF and WAVE"),
            (b"ID3 and more".to_vec(), "ID3 and more"),
            (file(&[]), "'data' is missing"),
            (file(&[data()]), "'fmt ' must come before"),
            (file(&[chunk("fmt ", &[1, 0]), data()]), "at least 16 bytes, not 2"),
            (file(&[format(1, 1, 8), data()]), "not 8 bits of format 0x0001"),
            (file(&[format(3, 1, 32), data()]), "not 32 bits of format 0x0003"),
            (file(&[format(1, 0, 16), data()]), "no channels"),
            (file(&[format_at(100, 1, 1, 16), data()]), "at least 8000 samples a second, not 100"),
        ];
        for (bytes, message) in cases {
            let error = parse(&bytes).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
        // Cut anywhere, it is read or refused.
        let whole = file(&[format(1, 2, 16), chunk("data", &[1; 9])]);
        (0..whole.len()).for_each(|end| drop(parse(&whole[..end])));
    }
}
