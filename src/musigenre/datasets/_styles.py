"""The ten kinds of synthetic music, as data; ``_style`` explains the notation."""

from musigenre.datasets._style import Part, Style

_POP_LOOPS = ((1, 5, 6, 4), (6, 4, 1, 5), (1, 6, 4, 5), (1, 4, 6, 5))
_TWELVE_BARS = (1, 1, 1, 1, 4, 4, 1, 1, 5, 4, 1, 5)

STYLES: dict[str, Style] = {
    "synthetic-blues": Style(
        tempo=(70, 125),
        steps_per_beat=2,
        swing=1 / 3,
        scales=("mixolydian",),
        planing=True,
        chord=(1, 3, 5, 7),
        progressions=(_TWELVE_BARS, (1, 4, 1, 1, 4, 4, 1, 1, 5, 4, 1, 1)),
        parts={
            "bass": Part(("finger bass", "upright bass"), ("1.1.5.5.", "1-3-5-6-", "11335566"), 31),
            "chords": Part(
                ("crunch guitar", "piano", "clean guitar"), ("..x...x.", "x-.xx-.x", "xxxxxxxx"), 52
            ),
            "lead": Part(
                ("crunch guitar", "clean guitar"),
                ("mm-.m-..", "..mm-m-.", "m---....", ".m.mmm--"),
                60,
            ),
        },
        drums={
            "kick": ("x...x...", "x..xx..."),
            "snare": ("..x...x.", "..x...xo"),
            "hat": ("xoxoxoxo", "x.x.x.x."),
        },
        drum_level=-2,
    ),
    "synthetic-drone": Style(
        tempo=(24, 44),
        steps_per_beat=1,
        scales=("dorian", "phrygian", "minor", "major"),
        chord=(1, 5, 9),
        progressions=((1,), (1, 1, 4, 1), (1, 2)),
        parts={
            "bass": Part(("deep pad", "choir", "organ"), ("1---", "p---"), 31),
            "chords": Part(
                ("deep pad", "bowed glass", "choir", "strings"), ("x---", "--x-"), 48, -2
            ),
            "lead": Part(("bowed glass", "flute", "choir"), ("m-..", "..m-", "m---"), 67, -7),
        },
        drums={},
        room=(1.5, 3.5),
        wet=0.9,
    ),
    "synthetic-folk": Style(
        tempo=(84, 132),
        steps_per_beat=4,
        scales=("major", "mixolydian", "dorian"),
        progressions=((1, 4, 1, 5), (1, 5, 6, 4), (1, 1, 4, 5), (1, 7, 4, 1)),
        parts={
            "chords": Part(
                ("acoustic guitar", "nylon guitar", "banjo"),
                ("1.5.3.5.8.5.3.5.", "1.835.831.835.83", "x...x.xx..xxx.x.", "1.x.5.x.1.x.5.xx"),
                45,
            ),
            "lead": Part(
                ("flute", "fiddle", "clarinet"),
                ("m---m-m-m---....", "m-m-m---..m-m---", "....m-m-m-m-m---"),
                65,
                -5,
            ),
            "bass": Part(("upright bass", "finger bass"), ("1-------5-------",), 33, -5),
        },
        drums={"shaker": ("................", "x.o.x.o.x.o.x.o."), "tom": ("................",)},
        wet=0.2,
        drum_level=-10,
    ),
    "synthetic-hiphop": Style(
        tempo=(78, 100),
        steps_per_beat=4,
        swing=0.18,
        scales=("minor", "dorian"),
        chord=(1, 3, 5, 7),
        progressions=((1, 1, 4, 1), (1, 6, 1, 5), (2, 5, 1, 1), (1, 4)),
        parts={
            "bass": Part(
                ("sub bass", "finger bass", "square bass"),
                ("1-----1...1-5---", "1---....1-1-....", "1..1....5-1....."),
                29,
                1,
            ),
            "chords": Part(
                ("electric piano", "strings", "piano"),
                ("x-------........", "x-----..x---....", "..x-..x-......x-"),
                55,
                -5,
            ),
            "lead": Part(
                ("synth lead", "flute", "electric piano"),
                ("........m-m-m---", "................"),
                67,
                -9,
            ),
        },
        drums={
            "boom": ("x.....x...x.....", "x..x......x..x..", "x.x.......x....."),
            "snare": ("....x.......x...", "....x.......x..o"),
            "hat": ("x.x.x.x.x.x.x.x.", "xoxxxoxoxoxxxoxo"),
        },
        room=(0.2, 0.6),
        wet=0.12,
        drum_level=1,
    ),
    "synthetic-metal": Style(
        tempo=(132, 196),
        steps_per_beat=4,
        scales=("phrygian", "minor"),
        chord=(1, 5, 8),
        progressions=((1, 1, 2, 1), (1, 6, 7, 1), (1, 2, 3, 2), (1, 1, 6, 5)),
        parts={
            "chords": Part(
                ("distorted guitar",),
                ("p---p-p-p---p---", "p-------p---p---", "p-p-p---p-p-p---"),
                40,
                1,
            ),
            "riff": Part(
                ("muted guitar",),
                ("1.11..111.11..11", "1111111111111111", "1.1.111.1.1.112."),
                40,
                -1,
            ),
            "bass": Part(
                ("finger bass", "synth bass"), ("1.1.1.1.1.1.1.1.", "1---1-1-1---1-1-"), 28, -3
            ),
            "lead": Part(
                ("distorted guitar", "crunch guitar"),
                ("................", "mmmmmmmmm---mmmm"),
                64,
                -7,
            ),
        },
        drums={
            "kick": ("x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx", "x..xx.x.x..xx.x."),
            "snare": ("....x.......x...", "..x...x...x...x."),
            "open hat": ("x...x...x...x...", "x.x.x.x.x.x.x.x."),
            "crash": ("................", "x..............."),
        },
        room=(0.2, 0.7),
        wet=0.12,
    ),
    "synthetic-pop": Style(
        tempo=(92, 132),
        steps_per_beat=4,
        scales=("major",),
        progressions=_POP_LOOPS,
        parts={
            "bass": Part(
                ("finger bass", "synth bass", "square bass"),
                ("1.1.1.1.1.1.1.1.", "1-----1-5---1---", "1---..1-1-..5-.."),
                31,
            ),
            "chords": Part(
                ("piano", "pad", "clean guitar", "synth stab"),
                ("x-------x-------", "x---x---x---x---", "x--x--x-x--x--x-"),
                53,
                -3,
            ),
            "lead": Part(
                ("synth lead", "choir", "fiddle", "electric piano"),
                ("m-m-m---m-m-m---", "..m-m-m-m-----..", "m---m---m-m-m---"),
                64,
                -3,
            ),
        },
        drums={
            "kick": ("x.......x.......", "x..x....x.x.....", "x...x...x...x..."),
            "snare": ("....x.......x...",),
            "hat": ("x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo"),
            "clap": ("................", "....x.......x..."),
        },
    ),
    "synthetic-reggae": Style(
        tempo=(66, 92),
        steps_per_beat=4,
        swing=0.12,
        scales=("major", "dorian", "minor"),
        progressions=((1, 4), (1, 5, 6, 4), (1, 2), (1, 1, 4, 5)),
        parts={
            "bass": Part(
                ("sub bass", "finger bass"),
                ("1..1..3...5.6.5.", "..1.1.8...5.3...", "1-....1.3.5-..3."),
                29,
                2,
            ),
            "chords": Part(
                ("clean guitar", "organ", "piano"), ("....x.......x...", "....x..x....x..."), 55, -2
            ),
            "organ": Part(("organ",), ("..x.x...x.x.x...", "..x...x...x...x."), 60, -9),
            "lead": Part(
                ("brass", "choir", "synth lead"), ("................", "m-m---..m-m-m---"), 62, -6
            ),
        },
        drums={
            "kick": ("........x.......", "x.......x......."),
            "rim": ("........x.......", "..x.....x.x....."),
            "hat": ("x.x.x.x.x.x.x.x.", "xo..xo..xo..xo.."),
        },
        drum_level=-1,
    ),
    "synthetic-swing": Style(
        tempo=(125, 215),
        steps_per_beat=2,
        swing=1 / 3,
        scales=("major", "dorian"),
        chord=(1, 3, 5, 7),
        progressions=((2, 5, 1, 1), (1, 6, 2, 5), (3, 6, 2, 5), (1, 4, 2, 5)),
        parts={
            "bass": Part(
                ("upright bass",), ("1-3-5-6-", "8-7-5-3-", "1-2-3-5-", "1-5-8-5-"), 31, 2
            ),
            "chords": Part(
                ("piano", "clean guitar"), ("...x...x", "x-...x..", "x.x.x.x.", ".x...x.."), 55, -4
            ),
            "lead": Part(
                ("clarinet", "brass", "piano"),
                ("mmmmm-.m", ".mmmm---", "m-.mm-m-", "......mm"),
                62,
                -2,
            ),
        },
        drums={
            "ride": ("x.xxx.xx", "x.x.x.xx"),
            "hat": ("..x...x.",),
            "brush": ("........", "..x...x.", "...o..o."),
            "kick": ("o...o...", "........"),
        },
        drum_level=-5,
    ),
    "synthetic-techno": Style(
        tempo=(118, 142),
        steps_per_beat=4,
        scales=("minor", "phrygian", "dorian"),
        planing=True,
        progressions=((1,), (1, 1, 1, 6), (1, 1, 3, 3), (1, 1, 7, 7)),
        parts={
            "bass": Part(
                ("synth bass", "square bass", "sub bass"),
                ("..11..11..11..11", "..1...1...1...1.", "1.11.118.11.113."),
                31,
                1,
            ),
            "chords": Part(
                ("synth stab", "pad", "organ"),
                ("..x.....x..x....", "x..x..x..x..x...", "x---------------"),
                57,
                -4,
            ),
            "lead": Part(
                ("synth lead", "synth stab", "electric piano"),
                ("................", "1538153815381538", "m.mm.m.mm.mm.m.m"),
                62,
                -7,
            ),
        },
        drums={
            "kick": ("x...x...x...x...",),
            "open hat": ("..x...x...x...x.",),
            "hat": ("xxxxxxxxxxxxxxxx", "x.oxx.oxx.oxx.ox", "................"),
            "clap": ("....x.......x...", "................"),
        },
        drum_level=2,
    ),
    "synthetic-waltz": Style(
        tempo=(104, 184),
        steps_per_beat=2,
        scales=("major", "minor"),
        progressions=((1, 1, 5, 5, 5, 5, 1, 1), (1, 4, 5, 1), (1, 6, 2, 5)),
        parts={
            "bass": Part(("upright bass", "piano", "strings"), ("1-....", "1-..5."), 36),
            "chords": Part(
                ("strings", "piano", "nylon guitar"), ("..x.x.", "..x-x-", "x-x.x."), 55, -3
            ),
            "lead": Part(
                ("fiddle", "strings", "flute", "clarinet"),
                ("m---m-", "m-m-m-", "m-----", "mmm-m-"),
                67,
            ),
        },
        drums={"brush": ("......", "..o.o.")},
        room=(0.8, 2.0),
        wet=0.45,
        drum_level=-10,
    ),
}
