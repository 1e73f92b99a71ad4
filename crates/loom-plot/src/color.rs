//! Colours that everybody can tell apart: of categories, and of numbers.

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// The ground.
    pub const WHITE: Self = Self(255, 255, 255);
    /// Text.
    pub const BLACK: Self = Self(0x1a, 0x1a, 0x1a);
    /// Axes, notes.
    pub const GREY: Self = Self(0x60, 0x60, 0x60);
    /// What has no value, or no colour of its own.
    pub const MISSING: Self = Self(0xcc, 0xcc, 0xcc);

    const fn hex(hex: u32) -> Self {
        let [_, r, g, b] = hex.to_be_bytes();
        Self(r, g, b)
    }
}

/// The colours of Okabe and Ito (2008), which differ for all kinds of colour vision; the most
/// alike to others and to text last.
const OKABE_ITO: [Rgb; 8] = [
    Rgb::hex(0x0000_72b2),
    Rgb::hex(0x00e6_9f00),
    Rgb::hex(0x0000_9e73),
    Rgb::hex(0x00d5_5e00),
    Rgb::hex(0x00cc_79a7),
    Rgb::hex(0x0056_b4e9),
    Rgb::hex(0x00f0_e442),
    Rgb::hex(0x0000_0000),
];

/// More colours than this nobody tells apart.
pub const MAX_COLORS: usize = 48;

/// Colours for so many categories, at most [`MAX_COLORS`]: those of Okabe and Ito, and where these
/// are too few, after the first seven of them (all but black), each time the one of all colours of
/// middle lightness that is the farthest from those there are, for whichever kind of colour vision
/// it is nearest to one of them.
#[must_use]
pub fn palette(count: usize) -> Vec<Rgb> {
    let count = count.min(MAX_COLORS);
    if let Some(few) = OKABE_ITO.get(..count) {
        return few.to_vec();
    }
    let mut colors = OKABE_ITO[..7].to_vec();
    // How far each candidate is from the nearest colour so far.
    let mut candidates: Vec<(Rgb, [Lab; VISIONS], f64)> = candidates()
        .map(|color| (color, seen(color), f64::INFINITY))
        .collect();
    let mut avoid: Vec<Rgb> = vec![Rgb::WHITE, Rgb::MISSING];
    avoid.extend(&colors);
    for color in avoid {
        approach(&mut candidates, color);
    }
    while colors.len() < count {
        let farthest = candidates.iter().max_by(|a, b| a.2.total_cmp(&b.2));
        let Some(&(color, ..)) = farthest else { break };
        colors.push(color);
        approach(&mut candidates, color);
    }
    colors
}

/// The colour at a place between 0 and 1 of viridis (matplotlib; in the public domain), whose steps
/// look equal, also in grey and to the colour-blind.
#[must_use]
pub fn viridis(place: f64) -> Rgb {
    /// At equal distances; in between, linear: at most 2/255 off.
    const STOPS: [u32; 33] = [
        0x0044_0154,
        0x0047_0d60,
        0x0048_186a,
        0x0048_2374,
        0x0047_2d7b,
        0x0045_3681,
        0x0042_4086,
        0x003f_4989,
        0x003b_528b,
        0x0037_5a8d,
        0x0033_638d,
        0x002f_6a8e,
        0x002c_728e,
        0x0029_7a8e,
        0x0026_818e,
        0x0023_898e,
        0x0021_908c,
        0x001f_988b,
        0x001f_9f88,
        0x0021_a685,
        0x0028_ae80,
        0x0031_b57b,
        0x003e_bc74,
        0x004c_c26c,
        0x005d_c963,
        0x006e_ce58,
        0x0082_d34c,
        0x0096_d83f,
        0x00ab_dc32,
        0x00c0_df24,
        0x00d5_e21a,
        0x00ea_e51a,
        0x00fd_e725,
    ];
    // What is no number, too, is the start.
    let place = if place > 0.0 { place.min(1.0) } else { 0.0 } * 32.0;
    let below = (0..32)
        .take_while(|&stop| f64::from(stop) + 1.0 <= place)
        .count();
    let between = place - below as f64;
    let Rgb(r, g, b) = Rgb::hex(STOPS[below]);
    let Rgb(next_r, next_g, next_b) = Rgb::hex(STOPS[(below + 1).min(32)]);
    let mix = |a: u8, b: u8| byte(f64::from(a) + between * (f64::from(b) - f64::from(a)));
    Rgb(mix(r, next_r), mix(g, next_g), mix(b, next_b))
}

/// The nearest byte.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 255"
)]
pub(crate) fn byte(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// A colour in Ottosson's `OKLab`, where distances are as large as they look.
type Lab = [f64; 3];
type Matrix = [[f64; 3]; 3];

/// Kinds of colour vision.
const VISIONS: usize = 4;

/// What the eyes of each kind make of a colour, in linear sRGB: all of it, and without the long,
/// middle or short waves (Machado, Oliveira and Fernandes 2009, severity 1).
const EYES: [Matrix; VISIONS] = [
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ],
    [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ],
    [
        [1.255_528, -0.076_749, -0.178_779],
        [-0.078_411, 0.930_809, 0.147_602],
        [0.004_733, 0.691_367, 0.303_900],
    ],
];

/// Linear sRGB to the cubes of `OKLab`'s cone responses, and their roots to `OKLab`.
const CONES: Matrix = [
    [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
    [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
    [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
];
const LAB: Matrix = [
    [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
    [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
    [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
];

fn times(matrix: &Matrix, [x, y, z]: Lab) -> Lab {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

/// A colour as each kind of eyes sees it.
fn seen(Rgb(r, g, b): Rgb) -> [Lab; VISIONS] {
    let linear = [r, g, b].map(|channel| {
        let channel = f64::from(channel) / 255.0;
        match channel <= 0.040_45 {
            true => channel / 12.92,
            false => ((channel + 0.055) / 1.055).powf(2.4),
        }
    });
    EYES.map(|eyes| {
        let light = times(&eyes, linear).map(|channel| channel.clamp(0.0, 1.0));
        times(&LAB, times(&CONES, light).map(f64::cbrt))
    })
}

/// How far two colours are from each other for the eyes that tell them apart least.
fn apart(one: &[Lab; VISIONS], other: &[Lab; VISIONS]) -> f64 {
    let distance = |(a, b): (&Lab, &Lab)| {
        let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
        squares.sum::<f64>().sqrt()
    };
    let pairs = one.iter().zip(other);
    pairs.map(distance).fold(f64::INFINITY, f64::min)
}

/// Takes note of a colour that there is now.
fn approach(candidates: &mut [(Rgb, [Lab; VISIONS], f64)], color: Rgb) {
    let color = seen(color);
    for (_, candidate, distance) in candidates {
        *distance = distance.min(apart(candidate, &color));
    }
}

/// Colours neither near white nor near black.
fn candidates() -> impl Iterator<Item = Rgb> {
    let steps = || (0..=15_u8).map(|step| step * 17);
    steps()
        .flat_map(move |r| steps().flat_map(move |g| steps().map(move |b| Rgb(r, g, b))))
        .filter(|&color| (0.45..0.85).contains(&seen(color)[0][0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(colors: &[Rgb]) -> f64 {
        let mut nearest = f64::INFINITY;
        for (at, &one) in colors.iter().enumerate() {
            for &other in &colors[..at] {
                nearest = nearest.min(apart(&seen(one), &seen(other)));
            }
        }
        nearest
    }

    #[test]
    fn every_kind_of_eyes_tells_the_colours_apart() {
        // In `OKLab`, black and white are 1 apart; a just noticeable difference is about 0.02.
        assert!(nearest(&palette(8)) > 0.07, "{}", nearest(&palette(8)));
        assert!(nearest(&palette(16)) > 0.05, "{}", nearest(&palette(16)));
        assert!(nearest(&palette(48)) > 0.02, "{}", nearest(&palette(48)));
        for count in 0..=60 {
            assert_eq!(palette(count).len(), count.min(MAX_COLORS));
        }
    }

    #[test]
    fn distances_are_those_of_oklab() {
        // Ottosson's own examples: white is (1, 0, 0), pure red (0.628, 0.225, 0.126).
        let near = |color, expected: Lab| {
            let lab = seen(color)[0];
            let off = lab.iter().zip(expected).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < 1e-3, "{lab:?} {expected:?}");
        };
        near(Rgb::WHITE, [1.0, 0.0, 0.0]);
        near(Rgb(255, 0, 0), [0.628, 0.225, 0.126]);
    }

    #[test]
    fn viridis_is_matplotlibs() {
        // matplotlib.colormaps["viridis"].colors, at 0, 1, 100, 200 and 255 of 255.
        for (at, Rgb(r, g, b)) in [
            (0, Rgb(68, 1, 84)),
            (1, Rgb(68, 2, 86)),
            (100, Rgb(42, 118, 142)),
            (200, Rgb(112, 207, 87)),
            (255, Rgb(253, 231, 37)),
        ] {
            let ours = viridis(f64::from(at) / 255.0);
            let off = [ours.0.abs_diff(r), ours.1.abs_diff(g), ours.2.abs_diff(b)];
            assert!(off.iter().all(|&off| off <= 2), "{at}: {ours:?}");
        }
        assert_eq!(viridis(-1.0), viridis(0.0));
        assert_eq!(viridis(f64::NAN), viridis(0.0));
    }
}
