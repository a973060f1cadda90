/** Of the profile's picture: a colour for each kind of thread, letters larger than in other charts. */
export const PICTURE_STYLE = `
svg { --main: #1a63d8; --store: #0b7a68; --handlers: #a8540a; --beside: #5d6878; --within: #ffffff; }
@media (prefers-color-scheme: dark) {
  svg { --main: #6ea8ff; --store: #4fc7ae; --handlers: #f0a45a; --beside: #8c98aa; --within: #10141a; }
}
.head { font-size: 24px; }
.quiet { font-size: 14.5px; }
.total { font-size: 44px; font-weight: 700; letter-spacing: -0.5px; font-variant-numeric: tabular-nums; }
.within { fill: var(--within); font-size: 15px; font-weight: 650; text-anchor: middle; }
.thread { font-size: 18px; font-weight: 650; }
.stage { font-size: 16px; }
.us { font-size: 16px; font-variant-numeric: tabular-nums; text-anchor: end; }
.us.whole { font-size: 18px; font-weight: 650; }
.of { fill: var(--beside); }
.of.main { fill: var(--main); }
.of.store { fill: var(--store); }
.of.handlers { fill: var(--handlers); }
`;
