/** Of the bars of systems: how they look tells what is promised. */
export const BAR_STYLE = `
svg { --all: #56657a; --some: #9aa7b8; --line: #b6c0cc; --ground: #eef1f5; --whisker: #1b2330; }
@media (prefers-color-scheme: dark) {
  svg { --all: #8fa0b8; --some: #5b697d; --line: #49566a; --ground: #1d242e; --whisker: #f2f5f9; }
}
.panel { font-size: 14px; font-weight: 600; }
.workload { fill: var(--tanda); font-weight: 700; }
.name { text-anchor: end; font-size: 12.5px; }
.beside { fill: var(--quiet); font-variant-numeric: tabular-nums; font-size: 12px; }
.ours { font-weight: 700; }
.bar.tanda { fill: var(--tanda); }
.bar.all { fill: var(--all); }
.bar.some { fill: var(--some); }
.bar.nothing { fill: url(#hatching); stroke: var(--line); }
.bar.yardstick { fill: none; stroke: var(--some); stroke-dasharray: 3 2; }
.hatched-ground { fill: var(--ground); }
.hatched-line { fill: var(--line); }
.halo { fill: none; stroke: var(--paper); stroke-width: 3.6; opacity: 0.75; }
.whisker { fill: none; stroke: var(--whisker); stroke-width: 1.3; }
.gap { fill: var(--paper); }
.gap-edge { fill: none; stroke: var(--some); }
`;
