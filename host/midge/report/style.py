"""The look of the page: dark text on white, from a phone to a desktop."""

STYLE = """
:root { color-scheme: light }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 0 }
main, header, nav { max-width: 66rem; margin: 0 auto; padding: 0 1.1rem }
header { padding-top: 1.6rem }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .2rem }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .7rem; padding-top: .7rem;
  border-top: 1px solid #dde2e7 }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem }
p { margin: .5rem 0; max-width: 46rem }
nav { font-size: .9rem; margin-top: 1rem; display: flex; flex-wrap: wrap; gap: .2rem 1rem }
a { color: #00558a }
.whole { white-space: nowrap }
summary { cursor: pointer; font-weight: 600; font-size: .95rem; margin-top: 1rem }
.lead { font-size: 1.1rem }
.small { color: #56616b; font-size: .86rem }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.4rem, 1fr)); gap: .7rem;
  margin-top: 1.1rem }
.card { background: #f2f5f8; border-radius: 8px; padding: .6rem .8rem; font-size: .86rem;
  color: #46515b }
.card b { display: block; font-size: 1.25rem; color: #111; white-space: nowrap }
.warn { background: #fff1dc; border-left: 4px solid #d55e00; padding: .5rem .8rem }
.wide { overflow-x: auto; margin: .6rem 0 }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums }
th, td { padding: .28rem .65rem; text-align: right; vertical-align: middle; white-space: nowrap }
th { font-weight: 600; color: #39434c }
thead th { border-bottom: 2px solid #aab4bd; vertical-align: bottom }
td { border-bottom: 1px solid #e6eaee }
.left { text-align: left }
.left ~ .left, #layer-table .left { white-space: normal; min-width: 8rem }
td.left:last-child { min-width: 8rem }
td > svg { width: 190px; display: block }
.matrix td { min-width: 3rem; text-align: center; border: 1px solid #fff }
.matrix thead th { text-align: center }
.matrix thead th.left { text-align: left; font-weight: 400 }
.bar { background: #0072b2; height: .7em; display: inline-block; border-radius: 2px }
td:has(> .bar) { min-width: 116px }
.stack { display: flex; height: 1.1rem; max-width: 40rem; border-radius: 4px; overflow: hidden }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 310px), 1fr));
  gap: 1.2rem 1.6rem; margin: .8rem 0 }
figure { margin: 0; max-width: 350px }
figure svg { width: 100%; height: auto; display: block }
figcaption { font-size: .95rem; margin-bottom: .3rem }
figure .small { margin: .2rem 0 0 }
.wrong { color: #a33f00 }
.legend { list-style: none; padding: 0; margin: .4rem 0; display: flex; flex-wrap: wrap;
  gap: .2rem 1.1rem; font-size: .92rem }
.legend svg { margin-right: .4rem; vertical-align: middle }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .25rem 1.2rem;
  margin: .6rem 0; font-size: .95rem }
dt { color: #56616b } dd { margin: 0; overflow-wrap: anywhere }
code, pre { font: .86rem/1.45 ui-monospace, monospace }
pre { background: #f2f5f8; padding: .7rem .9rem; border-radius: 8px; overflow-x: auto }
.arena svg { height: auto }
footer { max-width: 66rem; margin: 2.5rem auto; padding: 0 1.1rem }
@media print { nav { display: none } figure, table { break-inside: avoid } }
"""
