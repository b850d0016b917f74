//! A sheet on which panels, lines and words are put; SVG and PNG come from the same one.

use std::fmt::Write as _;

use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor, TextSpan};

use super::style::{FONTS, INK, LABEL, LETTER, PIXELS};
use super::{Drawing, FigureError};

/// Most pixels that are drawn at a time.
const MOST_PIXELS: f64 = 4e7;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A sheet; the origin is its upper left corner, units are those of [`super::style::MILLIMETRE`].
pub(super) struct Canvas {
    scene: Scene,
    clips: usize,
}

/// The mark of an entry in a legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Line,
    Dashed,
    Dot,
    Box,
}

impl Canvas {
    /// An empty white sheet.
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut scene = Scene::new(width.ceil(), height.ceil());
        scene.font_family = Some(FONTS.to_owned());
        scene.text_color = Some(INK.to_owned());
        Self { scene, clips: 0 }
    }

    pub(super) fn width(&self) -> f64 {
        self.scene.width
    }

    /// Cuts the sheet off below.
    pub(super) fn shrink(&mut self, height: f64) {
        self.scene.height = self.scene.height.min(height.ceil());
    }

    pub(super) fn height(&self) -> f64 {
        self.scene.height
    }

    /// Puts what kuva has drawn on a sheet of the same size onto this one. Its clip paths are renumbered, because kuva
    /// numbers them by a counter of the whole process, which would make the bytes depend on what was drawn before.
    pub(super) fn put(&mut self, scene: Scene) {
        let mut renamed: Vec<(String, String)> = Vec::new();
        for element in scene.elements {
            self.scene.add(match element {
                Primitive::ClipStart { x, y, width, height, id } => {
                    self.clips += 1;
                    let own = format!("clip{}", self.clips);
                    renamed.push((id, own.clone()));
                    Primitive::ClipStart { x, y, width, height, id: own }
                }
                other => other,
            });
        }
        for mut definition in scene.defs {
            for (theirs, own) in &renamed {
                definition = definition.replace(&format!("\"{theirs}\""), &format!("\"{own}\""));
            }
            self.scene.defs.push(definition);
        }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
        self.scene.add(Primitive::Line {
            x1: from.0,
            y1: from.1,
            x2: to.0,
            y2: to.1,
            stroke: color.into(),
            stroke_width: width,
            stroke_dasharray: None,
        });
    }

    /// A dashed line, dash by dash: kuva's PNG does not scale the pattern that its SVG has.
    pub(super) fn dashed(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let mut start = 0.0;
        while start < length {
            let end = (start + 4.0f64).min(length);
            let at = |done: f64| (from.0 + dx * done / length, from.1 + dy * done / length);
            self.line(at(start), at(end), color, width);
            start += 7.0;
        }
    }

    pub(super) fn polyline(&mut self, points: Vec<(f64, f64)>, color: &str, width: f64) {
        if points.len() > 1 {
            self.scene.add(Primitive::PolyLine {
                points,
                stroke: color.into(),
                stroke_width: width,
                stroke_dasharray: None,
            });
        }
    }

    /// A filled shape without an outline.
    pub(super) fn polygon(&mut self, points: &[(f64, f64)], fill: &str, opacity: f64) {
        if points.len() < 3 {
            return;
        }
        let mut path = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let _ = write!(path, "{}{x:.2} {y:.2}", if index == 0 { "M " } else { " L " });
        }
        path.push_str(" Z");
        self.scene.add(Primitive::Path(Box::new(PathData {
            d: path,
            fill: Some(fill.into()),
            stroke: "none".into(),
            stroke_width: 0.0,
            opacity: Some(opacity),
            stroke_dasharray: None,
        })));
    }

    /// A filled rectangle from its upper left corner, with or without an outline.
    pub(super) fn rect(&mut self, at: (f64, f64), size: (f64, f64), fill: &str, outline: Option<(&str, f64)>) {
        self.scene.add(Primitive::Rect {
            x: at.0,
            y: at.1,
            width: size.0,
            height: size.1,
            fill: fill.into(),
            stroke: outline.map(|(color, _)| color.into()),
            stroke_width: outline.map(|(_, width)| width),
            opacity: None,
        });
    }

    /// A dot, filled with a colour or with white.
    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, fill: &str, outline: Option<(&str, f64)>) {
        self.scene.add(Primitive::Circle {
            cx: at.0,
            cy: at.1,
            r: radius,
            fill: fill.into(),
            fill_opacity: None,
            stroke: outline.map(|(color, _)| color.into()),
            stroke_width: outline.map(|(_, width)| width),
        });
    }

    pub(super) fn text(&mut self, at: (f64, f64), text: &str, size: u32, anchor: Anchor, color: &str) {
        self.words(at, text, size, anchor, color, None);
    }

    /// Text turned by degrees, clockwise, about its point.
    pub(super) fn turned(&mut self, at: (f64, f64), text: &str, size: u32, anchor: Anchor, degrees: f64) {
        self.words(at, text, size, anchor, INK, Some(degrees));
    }

    fn words(&mut self, at: (f64, f64), text: &str, size: u32, anchor: Anchor, color: &str, rotate: Option<f64>) {
        self.scene.add(Primitive::Text {
            x: at.0,
            y: at.1,
            content: text.replace('$', "\\$"),
            size,
            anchor: anchor.kuva(),
            rotate,
            bold: false,
            color: Some(color.into()),
        });
    }

    pub(super) fn bold(&mut self, at: (f64, f64), text: &str, size: u32, anchor: Anchor) {
        let mut span = TextSpan::plain(text);
        span.bold = true;
        self.scene.add(Primitive::RichText {
            x: at.0,
            y: at.1,
            spans: vec![span],
            size,
            anchor: anchor.kuva(),
            color: Some(INK.into()),
        });
    }

    /// The letter of a panel, above and left of its plotting area.
    pub(super) fn letter(&mut self, at: (f64, f64), letter: &str) {
        self.bold(at, letter, LETTER, Anchor::Start);
    }

    /// A legend in one row that starts at a point, and goes on below where the sheet ends; returns its lower edge.
    pub(super) fn legend(&mut self, at: (f64, f64), entries: &[(Mark, &str, String)]) -> f64 {
        let (mut x, mut y) = at;
        for (mark, color, words) in entries {
            let width = 30.0 + text_width(words, LABEL);
            if x > at.0 && x + width > self.width() - 8.0 {
                x = at.0;
                y += 16.0;
            }
            self.mark(*mark, (x, y), color);
            self.text((x + 23.0, y + 4.0), words, LABEL, Anchor::Start, INK);
            x += width + 12.0;
        }
        y + 10.0
    }

    /// One mark of a legend, 18 units wide, centred at the height of the point.
    pub(super) fn mark(&mut self, mark: Mark, (x, y): (f64, f64), color: &str) {
        match mark {
            Mark::Line => self.line((x, y), (x + 18.0, y), color, 2.0),
            Mark::Dashed => self.dashed((x, y), (x + 18.0, y), color, 1.2),
            Mark::Dot => self.dot((x + 9.0, y), 3.5, color, None),
            Mark::Box => self.rect((x + 3.0, y - 5.0), (12.0, 10.0), color, None),
        }
    }

    /// Both pictures. The comment with kuva's version is left out of the SVG, so that it is about the data alone.
    ///
    /// # Errors
    /// When the PNG cannot be encoded.
    pub(super) fn finish(self) -> Result<Drawing, FigureError> {
        let mut svg = SvgBackend::new().with_pretty(true).render_scene(&self.scene);
        if let Some(start) = svg.find("<!-- Generated by kuva") {
            let line_start = svg[..start].rfind('\n').map_or(0, |at| at + 1);
            let line_end = svg[start..].find('\n').map_or(svg.len(), |at| start + at + 1);
            svg.replace_range(line_start..line_end, "");
        }
        let sized = format!(" viewBox=\"0 0 {} {}\" font-family=", self.scene.width, self.scene.height);
        svg = tidy(&svg.replacen(" font-family=", &sized, 1));
        // A graph may be of any size; its PNG is kept to what memory holds.
        let most = (MOST_PIXELS / (self.scene.width * self.scene.height).max(1.0)).sqrt();
        let double = RasterBackend::new().with_scale((2.0 * PIXELS).min(most as f32)).render_scene(&self.scene);
        let png =
            halved(&double.map_err(FigureError::Image)?).map_err(|error| FigureError::Image(error.to_string()))?;
        Ok(Drawing { svg, png })
    }
}

impl Anchor {
    fn kuva(self) -> TextAnchor {
        match self {
            Anchor::Start => TextAnchor::Start,
            Anchor::Middle => TextAnchor::Middle,
            Anchor::End => TextAnchor::End,
        }
    }
}

/// The SVG with places of at most two decimals: kuva rounds to them, but then writes `0.7000000000000001`.
fn tidy(svg: &str) -> String {
    let mut tidied = String::with_capacity(svg.len());
    let (mut rest, mut in_tag) = (svg, false);
    while let Some(letter) = rest.chars().next() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let number = &rest[..digits];
        if in_tag && number.split_once('.').is_some_and(|(_, decimals)| decimals.len() > 4) {
            match number.parse::<f64>() {
                Ok(value) => {
                    let text = format!("{value:.2}");
                    tidied.push_str(text.trim_end_matches('0').trim_end_matches('.'));
                }
                Err(_) => tidied.push_str(number),
            }
            rest = &rest[digits..];
        } else if digits > 0 {
            tidied.push_str(number);
            rest = &rest[digits..];
        } else {
            in_tag = (in_tag || letter == '<') && letter != '>';
            tidied.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    tidied
}

/// The picture at half its size, each pixel the mean of four: kuva's turned text has hard edges, which this smooths.
fn halved(png: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("the picture is too large")?];
    let info = reader.next_frame(&mut pixels)?;
    let channels = info.color_type.samples();
    let (width, height) = (info.width as usize / 2, info.height as usize / 2);
    let mut small = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        let (upper, lower) = (&pixels[2 * y * info.line_size..], &pixels[(2 * y + 1) * info.line_size..]);
        for x in 0..width {
            let (left, right) = (2 * x * channels, (2 * x + 1) * channels);
            for channel in 0..3.min(channels) {
                let at = [upper[left + channel], upper[right + channel], lower[left + channel], lower[right + channel]];
                small.push((at.iter().map(|&part| u16::from(part)).sum::<u16>() / 4) as u8);
            }
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(if channels < 3 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    if channels < 3 {
        small.truncate(width * height);
    }
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&small)?;
    writer.finish()?;
    Ok(bytes)
}

/// Advance widths of `DejaVu` Sans for the characters from space to tilde, in 2048ths of the font size; kuva has the same
/// table but keeps it to itself.
#[rustfmt::skip]
const ADVANCES: [u16; 95] = [
    651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739, 651, 690,
    1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1087,
    2048, 1401, 1405, 1430, 1577, 1294, 1178, 1587, 1540, 604, 604, 1343, 1141, 1767, 1532, 1612,
    1235, 1612, 1423, 1300, 1251, 1499, 1401, 2025, 1403, 1251, 1403, 799, 690, 799, 1716, 1024,
    1024, 1255, 1300, 1126, 1300, 1260, 721, 1300, 1298, 569, 569, 1186, 569, 1995, 1298, 1253,
    1300, 1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075, 1303, 690, 1303, 1716,
];

/// The width of a text in drawing units.
pub(super) fn text_width(text: &str, size: u32) -> f64 {
    let advance = |letter: char| (letter as usize).checked_sub(32).and_then(|index| ADVANCES.get(index)).copied();
    text.chars().map(|letter| f64::from(advance(letter).unwrap_or(1303)) / 2048.0 * f64::from(size)).sum()
}

/// The text, cut to a width with an ellipsis at its end where it is longer.
pub(super) fn fitted(text: &str, size: u32, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while !kept.is_empty() && text_width(&kept, size) + 0.7 * f64::from(size) > width {
        kept.pop();
    }
    kept.push('…');
    kept
}

/// A sheet that says why there is nothing to see.
pub(super) fn nothing(reason: &str) -> Result<Drawing, FigureError> {
    let mut canvas = Canvas::new(super::style::FULL_WIDTH, 120.0);
    canvas.rect((8.0, 8.0), (canvas.width() - 16.0, 104.0), "#fafafa", Some(("#cccccc", 1.0)));
    canvas.text((canvas.width() / 2.0, 64.0), reason, LABEL, Anchor::Middle, INK);
    canvas.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_are_tidied() {
        let svg = r#"<text x="184.20000000000002" y="-0.7000000000000001">1.23456789</text><path d="M 1 2.005 L 30.00000000001 4"/>"#;
        let tidied = r#"<text x="184.2" y="-0.7">1.23456789</text><path d="M 1 2.005 L 30 4"/>"#;
        assert_eq!(tidy(svg), tidied);
    }

    #[test]
    fn texts_are_cut_to_their_room() {
        assert_eq!(fitted("short", 10, 100.0), "short");
        let cut = fitted("a rather long description", 10, 60.0);
        assert!(cut.ends_with('…') && text_width(&cut, 10) <= 66.0, "{cut}");
    }
}
