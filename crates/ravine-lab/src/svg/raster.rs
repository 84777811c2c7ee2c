//! Pictures as PNG.

use super::canvas::Svg;
use super::theme::Theme;
use crate::error::{Kind, Result};
use resvg::{tiny_skia, usvg};
use std::sync::Arc;

/// Type that is the same on every machine; `tools/vendor/font.py` makes it.
const FACES: [&[u8]; 2] =
    [include_bytes!("../../assets/DejaVuSans.ttf"), include_bytes!("../../assets/DejaVuSans-Bold.ttf")];

const FAMILY: &str = "DejaVu Sans";

/// Pixels across or down at most.
const LIMIT: f64 = 16_384.0;

/// The picture at rest on the paper of a theme, `scale` pixels for each of its own.
///
/// # Errors
/// If `scale` is not positive, or the picture would have no pixel or more than 16,384 in a row.
pub fn png(svg: &Svg, theme: Theme, scale: f64) -> Result<Vec<u8>> {
    let size = [svg.width() * scale, svg.height() * scale].map(f64::ceil);
    if !size.iter().all(|pixels| (1.0..=LIMIT).contains(pixels)) {
        return Err(Kind::BadOption {
            option: "the size of the picture",
            expected: format!("1 to {LIMIT} pixels each way"),
            got: format!("{} x {}", size[0], size[1]),
        }
        .into());
    }
    let mut options = usvg::Options { font_family: FAMILY.into(), ..Default::default() };
    let fonts = options.fontdb_mut();
    for face in FACES {
        fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(face)));
    }
    fonts.set_sans_serif_family(FAMILY);
    let broken = |what: String| Kind::Picture { what };
    let tree =
        usvg::Tree::from_str(&svg.fixed(theme), &options).map_err(|error| broken(error.to_string()))?;
    let mut pixels = tiny_skia::Pixmap::new(size[0] as u32, size[1] as u32)
        .ok_or_else(|| broken(format!("no room for {} x {} pixels", size[0], size[1])))?;
    let transform = tiny_skia::Transform::from_scale(scale as f32, scale as f32);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| broken(error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::{Anchor, Series};

    fn pixels(theme: Theme, draw: impl Fn(&mut Svg)) -> tiny_skia::Pixmap {
        let mut svg = Svg::new(40.0, 20.0, "");
        draw(&mut svg);
        tiny_skia::Pixmap::decode_png(&png(&svg, theme, 2.0).unwrap()).unwrap()
    }

    fn color(pixels: &tiny_skia::Pixmap, x: u32, y: u32) -> [u8; 4] {
        let color = pixels.pixel(x, y).unwrap();
        [color.red(), color.green(), color.blue(), color.alpha()]
    }

    #[test]
    fn colours_are_those_of_the_theme() {
        let bar = |svg: &mut Svg| svg.path(&format!("line {}", Series::new(0).class()), "M0 10H40", "");
        let light = pixels(Theme::Light, bar);
        assert_eq!((light.width(), light.height()), (80, 40));
        assert_eq!(color(&light, 40, 20), [0x00, 0x72, 0xb2, 255]);
        assert_eq!(color(&light, 40, 2), [255; 4]);
        let dark = pixels(Theme::Dark, bar);
        assert_eq!(color(&dark, 40, 20), [0x56, 0xb4, 0xe9, 255]);
        assert_eq!(color(&dark, 40, 2), [0x14, 0x18, 0x1c, 255]);
    }

    #[test]
    fn every_letter_has_a_shape_in_both_weights() {
        let blank = pixels(Theme::Light, |_| {}).data().to_vec();
        let unknown =
            pixels(Theme::Light, |svg| svg.text("", 10.0, 15.0, Anchor::Start, "\u{5b57}")).data().to_vec();
        for class in ["", "strong"] {
            for letter in ["g", "7", "\u{3c0}", "\u{2207}", "\u{2192}", "\u{b2}", "\u{2212}", "\u{e4}"] {
                let drawn = pixels(Theme::Light, |svg| svg.text(class, 10.0, 15.0, Anchor::Start, letter));
                assert!(drawn.data() != blank && drawn.data() != unknown, "{class} {letter}");
            }
        }
    }

    #[test]
    fn sizes_without_sense_are_refused() {
        let svg = Svg::new(40.0, 20.0, "");
        for scale in [0.0, -1.0, f64::NAN, 1e9] {
            assert!(png(&svg, Theme::Light, scale).unwrap_err().to_string().contains("pixels"), "{scale}");
        }
    }
}
