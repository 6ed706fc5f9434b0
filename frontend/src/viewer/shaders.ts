import { HIDDEN, LOCKED } from './lut'
import type { SampleKind } from './pixel-texture'

/*
 * Software renderers run both sides of every `if` for all pixels, but leave a loop as soon as no pixel of a block wants
 * it: rare work below stands in loops of at most one turn (`ONCE`). All textures are read by texel: integers cannot be
 * filtered, labels must not be.
 */

export const MAX_LEVELS = 12

/** One triangle that covers the view; the scissor cuts it to what is drawn. */
export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`

const HEAD = `#version 300 es
precision highp float;
precision highp int;
#define ONCE(condition) for (int once = (condition) ? 1 : 0; once > 0; once--)
uniform float u_height;      // of the target, in its own pixels
uniform vec2 u_origin;       // voxel under the target's upper left corner
uniform vec2 u_across;       // voxel step of a target pixel to the right
uniform vec2 u_down;
uniform ivec2 u_size;        // columns, rows
out vec4 o_color;
vec2 targetPixel() {
  return vec2(gl_FragCoord.x, u_height - gl_FragCoord.y);
}
vec2 voxelAt(vec2 pixel) {
  return u_origin + u_across * pixel.x + u_down * pixel.y;
}
`

const SAMPLER: Record<SampleKind, string> = { int: 'isampler', uint: 'usampler', float: 'sampler', rgb: 'usampler' }

export interface ImageVariant {
  readonly mode: 'volume' | 'paged'
  readonly sample: SampleKind
  readonly linear: boolean
  /** Everything in sight is here at the wanted level: no search. */
  readonly complete: boolean
  /** log2 of the tile's side. */
  readonly tileShift: number
}

export function imageFragment({ mode, sample, linear, complete, tileShift }: ImageVariant): string {
  return `${HEAD}
uniform highp ${SAMPLER[sample]}${mode === 'volume' ? '3D' : '2DArray'} u_image;
uniform highp usampler2DArray u_table;
uniform int u_k;
uniform int u_level;
uniform int u_levels;
uniform ivec2 u_levelSize${complete ? '' : `[${MAX_LEVELS}]`};
uniform float u_levelScale${complete ? '' : `[${MAX_LEVELS}]`}; // 2 to the minus level
#define OF(array, level) array${complete ? '' : '[level]'}
uniform vec2 u_rescale;      // slope, intercept of the slice
uniform vec2 u_window;       // lowest value, 1 / width
uniform float u_invert;      // 0 or 1
#define TEXEL ${sample === 'rgb' ? 'vec3' : 'float'}
#define FETCH(p) TEXEL(texelFetch(u_image, p, 0).${sample === 'rgb' ? 'rgb' : 'r'})
#define SHIFT ${tileShift}
uint entryAt(ivec2 p, int level) {
  return texelFetch(u_table, ivec3(p >> SHIFT, level), 0).r;
}
${mode === 'volume' ? VOLUME : PAGED}
${findEntry(mode, complete)}
${linear ? LINEAR : NEAREST}
void main() {
  vec2 v = voxelAt(targetPixel());
  int level = 0;
  uint entry = findEntry(v, level);
  vec2 q = inLevel(v, level);
  TEXEL value = sampleImage(q, level, entry) * u_rescale.x + u_rescale.y;
  vec3 grey = vec3(clamp((value - u_window.x) * u_window.y, 0.0, 1.0));
  grey = abs(grey - u_invert);
  o_color = vec4(entry == 0u ? vec3(0.0) : grey, 1.0);
}`
}

const VOLUME = `
vec2 inLevel(vec2 v, int level) {
  return v;
}
ivec2 inside(ivec2 p, int level) {
  return clamp(p, ivec2(0), u_size - 1);
}
TEXEL ownTap(ivec2 p, uint entry) {
  return FETCH(ivec3(p, u_k));
}
TEXEL farTap(ivec2 p, ivec2 own, int level, uint entry) {
  return FETCH(ivec3(p, u_k));
}
#define CROSSES(a, b) false
`

const PAGED = `
vec2 inLevel(vec2 v, int level) {
  return (v + 0.5) * OF(u_levelScale, level) - 0.5;
}
ivec2 inside(ivec2 p, int level) {
  return clamp(p, ivec2(0), OF(u_levelSize, level) - 1);
}
TEXEL ownTap(ivec2 p, uint entry) {
  return FETCH(ivec3(p & ((1 << SHIFT) - 1), max(int(entry), 1) - 1));
}
// A tap in the next tile; where that is not here yet our own edge is repeated.
TEXEL farTap(ivec2 p, ivec2 own, int level, uint entry) {
  uint other = entryAt(p, level);
  ivec2 corner = (own >> SHIFT) << SHIFT;
  ivec2 near = clamp(p, corner, corner + (1 << SHIFT) - 1);
  return other == 0u ? ownTap(near, entry) : ownTap(p, other);
}
#define CROSSES(a, b) any(notEqual(a >> SHIFT, b >> SHIFT))
`

function findEntry(mode: ImageVariant['mode'], complete: boolean): string {
  if (mode === 'volume' && complete) return 'uint findEntry(vec2 v, out int level) { level = 0; return 1u; }'
  return complete || mode === 'volume' ? FIND_HERE : FIND_UPWARDS
}

const FIND_HERE = `
uint findEntry(vec2 v, out int level) {
  level = u_level;
  return entryAt(inside(ivec2(floor(inLevel(v, level) + 0.5)), level), level);
}
`

const FIND_UPWARDS = `
// Page + 1 at the finest level from the wanted one upwards that is here; 0: none is.
uint findEntry(vec2 v, out int level) {
  level = u_level;
  uint entry = entryAt(inside(ivec2(floor(inLevel(v, level) + 0.5)), level), level);
  while (entry == 0u && level < u_levels - 1) {
    level++;
    entry = entryAt(inside(ivec2(floor(inLevel(v, level) + 0.5)), level), level);
  }
  return entry;
}
`

const NEAREST = `
TEXEL sampleImage(vec2 q, int level, uint entry) {
  return ownTap(inside(ivec2(floor(q + 0.5)), level), entry);
}
`

const LINEAR = `
TEXEL sampleImage(vec2 q, int level, uint entry) {
  ivec2 own = inside(ivec2(floor(q + 0.5)), level);
  vec2 corner = floor(q);
  vec2 w = q - corner;
  ivec2 p = inside(ivec2(corner), level);
  ivec2 s = inside(ivec2(corner) + 1, level);
  TEXEL a = ownTap(p, entry);
  TEXEL b = ownTap(ivec2(s.x, p.y), entry);
  TEXEL c = ownTap(ivec2(p.x, s.y), entry);
  TEXEL d = ownTap(s, entry);
  ONCE(CROSSES(p, s)) {
    a = farTap(p, own, level, entry);
    b = farTap(ivec2(s.x, p.y), own, level, entry);
    c = farTap(ivec2(p.x, s.y), own, level, entry);
    d = farTap(s, own, level, entry);
  }
  return mix(mix(a, b, w.x), mix(c, d, w.x), w.y);
}
`

/** Fill and outline of one layer in one pass, blended over the image; the proposal has its own look. */
export function labelFragment(kind: 'segments' | 'proposal'): string {
  return `${HEAD}
uniform highp usampler2DArray u_labels;
uniform highp usampler2DArray u_labelTable;
uniform highp usampler2D u_lut;
uniform int u_slot;
uniform float u_fill;
uniform float u_outline;     // target pixels
uniform float u_css;         // CSS pixels of a target pixel
uint labelAt(ivec2 p) {
  ivec2 q = clamp(p, ivec2(0), u_size - 1);
  uint entry = texelFetch(u_labelTable, ivec3(q >> 8, u_slot), 0).r;
  uint number = texelFetch(u_labels, ivec3(q & 255, max(int(entry), 1) - 1), 0).r;
  return entry == 0u || q != p ? 0u : number;
}
// Inside the segment, where a neighbour at the outline's width has another number; the rim of the image is one too.
bool differs(vec2 v, uint number) {
  return labelAt(ivec2(floor(v + 0.5))) != number;
}
bool isEdge(vec2 v, uint number) {
  vec2 a = u_across * u_outline;
  vec2 b = u_down * u_outline;
  vec2 c = (a + b) * 0.70711;
  vec2 d = (a - b) * 0.70711;
  bool edge = differs(v + a, number) || differs(v - a, number) || differs(v + b, number) || differs(v - b, number);
  ONCE(!edge) {
    edge = differs(v + c, number) || differs(v - c, number) || differs(v + d, number) || differs(v - d, number);
  }
  return edge;
}
${kind === 'segments' ? SEGMENT_LOOK : PROPOSAL_LOOK}
void main() {
  vec2 pixel = targetPixel();
  vec2 v = voxelAt(pixel);
  uint number = labelAt(ivec2(floor(v + 0.5)));
  o_color = vec4(0.0);
  ONCE(number != 0u) {
    uvec4 entry = texelFetch(u_lut, ivec2(int(number & 255u), int(number >> 8)), 0);
    bool edge = false;
    ONCE(u_outline > 0.0 && (entry.a & ${HIDDEN}u) == 0u) {
      edge = isEdge(v, number);
    }
    vec4 color = look(entry, edge, pixel * u_css);
    o_color = (entry.a & ${HIDDEN}u) == 0u ? color : vec4(0.0);
  }
}`
}

const SEGMENT_LOOK = `
vec4 look(uvec4 entry, bool edge, vec2 css) {
  float rim = (entry.a & ${LOCKED}u) == 0u ? 1.0 : 0.6;
  return vec4(vec3(entry.rgb) / 255.0, edge ? rim : u_fill);
}
`

/** A model says so: violet, hatched and dashed in the screen's own pixels; the fill leans to the segment's colour. */
const PROPOSAL_LOOK = `
vec4 look(uvec4 entry, bool edge, vec2 css) {
  const vec3 violet = vec3(180.0, 151.0, 255.0) / 255.0;
  bool dash = mod(css.x - css.y, 9.0) < 6.0;
  bool hatch = mod(css.x + css.y, 7.0) < 1.6;
  vec4 fill = vec4(mix(violet, vec3(entry.rgb) / 255.0, 0.5), u_fill);
  vec4 inner = hatch ? vec4(violet, min(1.0, u_fill + 0.35)) : fill;
  return edge ? vec4(violet, dash ? 1.0 : u_fill) : inner;
}
`
