/** A notice's first words, short enough for a badge: "演示：人名均为虚构" is 演示. */
export function headline(notice: string): string {
  const first = (notice.split(/[：:；;，,。.！!\n]/)[0] ?? '').trim()
  return first.length <= 12 ? first : first.slice(0, 11) + '…'
}

/** A notice as a repeating slanted picture, for CSS: clear, and in nobody's way. */
export function watermark(text: string): string {
  const safe = text.replace(/[<>&"']/g, '')
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="280" height="220"><text x="140" y="118" text-anchor="middle" ` +
    `transform="rotate(-28 140 110)" font-family="sans-serif" font-size="40" font-weight="700" letter-spacing="10" fill="#7d8b97">${safe}</text></svg>`
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`
}
