"""How the report looks: light and dark, on a desk and on a phone. No font, picture or script from elsewhere."""

# The splits' colours differ in lightness too, for people who see fewer colours.
_COLOURS = """
:root {
  --page: #f6f7f8; --card: #fff; --ink: #1b1f24; --faint: #58616b; --line: #dde1e6; --soft: #eceff2; --link: #0b5cad;
  --error: #b3261e; --error-soft: #fdecea; --warning: #855400; --warning-soft: #fff3d4;
  --information: #2b5d8c; --information-soft: #e6f0f9; --clean: #17693a; --clean-soft: #e3f4e9;
  --train: #2f7fc1; --val: #c96f00; --test: #5c1a5a; --all: #47525e; --close: #d3231a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121519; --card: #1b2026; --ink: #e6e9ec; --faint: #a0a9b3; --line: #333b44; --soft: #262d35;
    --link: #86bcff;
    --error: #ffb0a6; --error-soft: #421a16; --warning: #ffd479; --warning-soft: #3a2c08;
    --information: #a9d1f7; --information-soft: #17304a; --clean: #93e2ad; --clean-soft: #12331f;
    --train: #4f9be0; --val: #f0a33a; --test: #f2d5ee; --all: #a6b2be; --close: #ff6b5e;
  }
}
"""

_TEXT = """
* { box-sizing: border-box; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main, footer { max-width: 1100px; margin: 0 auto; padding: 0 1rem; }
header { padding: 2rem 0 1rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .5rem; }
h3 { font-size: 1.05rem; line-height: 1.4; margin: 0 0 .25rem; }
p { margin: 0 0 .75rem; }
a { color: var(--link); }
section { margin: 2.5rem 0; scroll-margin-top: 1rem; }
code, pre { font: .875em/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
small, .count, .id { color: var(--faint); font-weight: 400; font-size: .875em; }
.tool { color: var(--faint); font-size: .875rem; margin: 0 0 .25rem; }
.where { color: var(--faint); margin: .35rem 0 0; }
.lead { color: var(--faint); max-width: 46rem; }
.nowrap { white-space: nowrap; }
ul.plain, ul.sentences, ul.absences { margin: .25rem 0 .75rem; padding-left: 1.2rem; }
ul.plain li { margin: .2rem 0; font-size: .9375rem; }
ul.sentences li { margin: .3rem 0; max-width: 56rem; }
footer { color: var(--faint); font-size: .875rem; padding-top: 1rem; padding-bottom: 2.5rem; }
footer::before { content: ""; display: block; border-top: 1px solid var(--line); margin-bottom: 1rem; }
"""

_TOP = """
.verdict { border-radius: 12px; padding: 1.1rem 1.25rem; border: 1px solid; }
.verdict.errors { background: var(--error-soft); color: var(--error); }
.verdict.warnings { background: var(--warning-soft); color: var(--warning); }
.verdict.clean { background: var(--clean-soft); color: var(--clean); }
.said { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; margin: 0; font-size: 1.0625rem; }
.said strong { font-size: 1.5rem; line-height: 1.2; }
.sign {
  width: 1.9rem; height: 1.9rem; border-radius: 50%; border: 2px solid; display: inline-grid; place-items: center;
  font-weight: 700; line-height: 1;
}
.chips { display: flex; flex-wrap: wrap; gap: .4rem; margin: .85rem 0 0; }
.chip {
  background: var(--card); color: var(--ink); border: 1px solid var(--line); border-radius: 99px; text-decoration: none;
  padding: .15rem .7rem; font-size: .875rem;
}
.chip:hover { border-color: currentColor; }
.chip.error b { color: var(--error); } .chip.warning b { color: var(--warning); }
.chip.information b { color: var(--information); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 1.5rem 0 0; }
.facts dt { color: var(--faint); } .facts dd { margin: 0; }
pre {
  margin: 0; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  white-space: pre-wrap;
}
pre .command { user-select: all; -webkit-user-select: all; font-weight: 600; } pre .comment { color: var(--faint); }
"""

_PROBLEMS = """
.severity { margin: 1.25rem 0 .5rem; color: var(--faint); }
.kinds { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.5rem .85rem; margin-bottom: 1.75rem; }
.kind { grid-column: span 3; scroll-margin-top: 1rem; }
.kind.w2 { grid-column: span 2; } .kind.w1 { grid-column: span 1; }
.badge { font-size: .75rem; font-weight: 600; border-radius: 6px; padding: .1rem .45rem; vertical-align: .1em; }
.badge.error { background: var(--error-soft); color: var(--error); }
.badge.warning { background: var(--warning-soft); color: var(--warning); }
.badge.information { background: var(--information-soft); color: var(--information); }
.remedy { margin: 0 0 .6rem; } .remedy::before { content: "Remedy: "; color: var(--faint); }
.cards { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .85rem; }
.w2 .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } .w1 .cards { grid-template-columns: 1fr; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem; }
.card p { margin: .5rem 0 0; font-size: .875rem; line-height: 1.45; }
.card .file { margin-top: .6rem; }
.shots { display: grid; grid-template-columns: 1fr; gap: .5rem; align-items: start; }
.shots.n2 { grid-template-columns: 1fr 1fr; }
.shots.n1 .shot { margin: 0; max-width: min(100%, calc(11rem * var(--shape))); }
figure { margin: 0; min-width: 0; }
figcaption { color: var(--faint); font-size: .8125rem; line-height: 1.35; margin-top: .25rem; }
.shot {
  position: relative; aspect-ratio: var(--shape); max-width: min(100%, calc(20rem * var(--shape))); margin: 0 auto;
  background: var(--soft); border-radius: 5px;
}
.shot img, .shot svg { position: absolute; inset: 0; width: 100%; height: 100%; display: block; border-radius: 5px; }
.shot.none {
  display: grid; place-items: center; color: var(--faint); font-size: .8125rem; border: 1px dashed var(--line);
}
.fine img, img.fine { image-rendering: pixelated; }
.mark { fill: none; overflow: visible; } .mark * { vector-effect: non-scaling-stroke; }
.mark .under { stroke: #000; stroke-width: 5; } .mark .over { stroke: #ff3d6e; stroke-width: 2.5; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--link); padding: .15rem 0; }
"""

_EVIDENCE = """
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; overflow-wrap: normal; }
th, td { text-align: left; padding: .4rem .75rem; border-top: 1px solid var(--line); vertical-align: baseline; }
thead th { border-top: 0; color: var(--faint); font-weight: 600; white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td code { white-space: nowrap; }
.swatch {
  display: inline-block; width: .9em; height: .9em; border-radius: 3px; vertical-align: -.08em; margin-right: .1em;
  box-shadow: inset 0 0 0 1px #8888;
}
.swatch.none { background: repeating-linear-gradient(45deg, #888 0 2px, transparent 2px 4px); }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; font-size: .9375rem; } .key .swatch { margin-right: .4rem; }
.train { --of: var(--train); } .val { --of: var(--val); } .test { --of: var(--test); } .all { --of: var(--all); }
.close { --of: var(--close); }
i.train, i.val, i.test, i.all, i.close { background: var(--of); }
rect.train, rect.val, rect.test, rect.all, rect.close { fill: var(--of); }
.file .tag { margin-left: .35rem; white-space: nowrap; }
.tag { font-size: .8125rem; border-left: .55rem solid var(--of); padding-left: .35rem; border-radius: 2px; }
.bars { list-style: none; margin: 0 0 1rem; padding: 0; columns: 2 27rem; column-gap: 2.5rem; }
.bars li { break-inside: avoid; padding: .45rem 0 .5rem; border-top: 1px solid var(--line); }
.class { margin: 0 0 .15rem; font-weight: 600; font-size: .9375rem; }
.class em { color: var(--faint); font-weight: 400; }
.bar {
  display: grid; grid-template-columns: 2.3rem 1fr 4.3rem 6rem; gap: .5rem; align-items: center;
  font-size: .8125rem; line-height: 1.35; font-variant-numeric: tabular-nums;
}
.bar .of, .bar .frames { color: var(--faint); } .bar .share, .bar .frames { text-align: right; white-space: nowrap; }
.track { background: var(--soft); height: .5rem; border-radius: 3px; overflow: hidden; }
.track i { display: block; height: 100%; min-width: 1px; border-radius: 3px; }
.track i[style="width:0.00%"] { min-width: 0; }
.absences { columns: auto; }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: .85rem; }
.maps img { width: 100%; height: auto; aspect-ratio: 4 / 3; display: block; border-radius: 5px; }
.maps .name { display: block; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; color: var(--ink); }
.drive { margin: .9rem 0; } .strip { display: block; width: 100%; height: calc(2.5rem * var(--lines)); }
.samples {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: .85rem;
  margin: 0 0 1.25rem;
}
.legend { list-style: none; margin: 0; padding: 0; display: grid; gap: .25rem 1rem;
  grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); font-size: .9375rem; }
.legend .id { display: inline-block; min-width: 1.6em; text-align: right; } .legend .absent { opacity: .6; }
@media (max-width: 60rem) {
  .kinds, .cards, .w2 .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .kind, .kind.w2 { grid-column: span 2; }
}
@media (max-width: 42rem) {
  .kinds { display: block; } .kind { margin-bottom: 1.75rem; }
  .shots.n1 .shot { max-width: min(100%, calc(20rem * var(--shape))); }
  .cards, .w1 .cards, .w2 .cards { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 32rem) {
  header { padding-top: 1.25rem; } h1 { font-size: 1.4rem; }
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: .5rem; }
  .bar { grid-template-columns: 2.3rem 1fr 4.2rem 5.6rem; gap: .35rem; }
  .maps { grid-template-columns: repeat(3, 1fr); gap: .6rem; } .legend { grid-template-columns: 1fr 1fr; }
}
"""

STYLE = (_COLOURS + _TEXT + _TOP + _PROBLEMS + _EVIDENCE).lstrip("\n").replace("\n\n", "\n")
