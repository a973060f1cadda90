/** Light, and dark where the reader's machine is. No font of its own: it must look right in whatever there is. */
export const STYLE = `
svg { --paper: #ffffff; --edge: #d9dfe7; --ink: #1b2330; --quiet: #5d6878; --base: #c3cbd6; --tanda: #1a63d8; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #12161d; --edge: #2b333f; --ink: #e8ecf2; --quiet: #97a3b4; --base: #3c4656; --tanda: #6ea8ff; }
}
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
.paper { fill: var(--paper); stroke: var(--edge); }
.head { font-size: 21px; font-weight: 650; }
.quiet { font-size: 12px; fill: var(--quiet); }
.end { text-anchor: end; }
.figure { font-variant-numeric: tabular-nums; font-size: 12.5px; }
.base { fill: none; stroke: var(--base); }
`;
