/** The segment colours, in order of distinctness under normal, deutan and protan vision. */
export const SEGMENT_COLORS = [
  '#ea9e51',
  '#cd3976',
  '#52f1f9',
  '#1177e7',
  '#0bafda',
  '#dce31d',
  '#da6438',
  '#6bc6a5',
  '#30fdab',
  '#2086a6',
  '#86cdff',
  '#548dda',
  '#fe6175',
  '#9dd781',
  '#299f9c',
  '#00951a',
  '#d6c831',
  '#f7a9cb',
  '#659c65',
  '#e584fb',
] as const

/** The first colour that none of `used` has. */
export function nextColor(used: readonly string[]): string {
  const taken = new Set(used.map((color) => color.toLowerCase()))
  return (
    SEGMENT_COLORS.find((color) => !taken.has(color)) ??
    SEGMENT_COLORS[used.length % SEGMENT_COLORS.length] ??
    SEGMENT_COLORS[0]
  )
}
