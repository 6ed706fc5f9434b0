import { MAX_LAYERS, PROPOSAL_SLOT } from './label-textures'
import { HIDDEN, LOCKED } from './lut'
import type { SampleKind } from './pixel-texture'

export const MAX_LEVELS = 12

/** One triangle that covers the view. */
export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`

const SAMPLER: Record<SampleKind, string> = { int: 'isampler', uint: 'usampler', float: 'sampler', rgb: 'usampler' }

/** Image, labels and proposal in one pass. All textures are read by texel: integers cannot be filtered, labels must not be. */
export function fragmentSource(mode: 'volume' | 'paged', sample: SampleKind): string {
  const texel = sample === 'rgb' ? 'vec3' : 'float'
  const swizzle = sample === 'rgb' ? 'rgb' : 'r'
  return `#version 300 es
precision highp float;
precision highp int;
uniform highp ${SAMPLER[sample]}${mode === 'volume' ? '3D' : '2DArray'} u_image;
#define TEXEL ${texel}
#define FETCH(p) TEXEL(texelFetch(u_image, p, 0).${swizzle})
${UNIFORMS}
${mode === 'volume' ? VOLUME_TAP : PAGED_TAP}
${SAMPLE}
${LABELS}
${MAIN}`
}

const UNIFORMS = `
uniform highp usampler2DArray u_table;
uniform highp usampler2DArray u_labels;
uniform highp usampler2DArray u_labelTable;
uniform highp usampler2D u_lut;
uniform highp usampler2D u_proposalLut;
uniform float u_height;      // of the target, in its own pixels
uniform vec2 u_origin;       // voxel under the target's upper left corner
uniform vec2 u_across;       // voxel step of a target pixel to the right
uniform vec2 u_down;
uniform float u_pixel;       // device pixels of a target pixel
uniform float u_dpr;
uniform ivec2 u_size;        // columns, rows
uniform int u_tile;
uniform int u_k;
uniform int u_level;
uniform int u_levels;
uniform ivec2 u_levelSize[${MAX_LEVELS}];
uniform vec2 u_rescale;      // slope, intercept of the slice
uniform vec2 u_window;       // lowest value, 1 / width
uniform bool u_invert;
uniform bool u_linear;
uniform int u_layers;
uniform bool u_proposal;
uniform float u_fill;
uniform float u_outline;     // device pixels
out vec4 o_color;
`

const VOLUME_TAP = `
bool findLevel(vec2 v, out int level) {
  level = 0;
  return texelFetch(u_table, ivec3(clamp(ivec2(floor(v + 0.5)), ivec2(0), u_size - 1) / u_tile, 0), 0).r != 0u;
}
TEXEL tap(ivec2 p, ivec2 centre, int level) {
  return FETCH(ivec3(clamp(p, ivec2(0), u_size - 1), u_k));
}
`

const PAGED_TAP = `
vec2 inLevel(vec2 v, int level) {
  return level == 0 ? v : (v + 0.5) / float(1 << level) - 0.5;
}
ivec2 inside(ivec2 p, int level) {
  return clamp(p, ivec2(0), u_levelSize[level] - 1);
}
uint pageAt(ivec2 p, int level) {
  return texelFetch(u_table, ivec3(p / u_tile, level), 0).r;
}
// The finest level from the wanted one upwards that is here.
bool findLevel(vec2 v, out int level) {
  for (level = u_level; level < u_levels; level++) {
    if (pageAt(inside(ivec2(floor(inLevel(v, level) + 0.5)), level), level) != 0u) return true;
  }
  return false;
}
TEXEL tap(ivec2 p, ivec2 centre, int level) {
  p = inside(p, level);
  uint page = pageAt(p, level);
  if (page == 0u) { // the neighbour tile is not here yet: repeat our own edge
    ivec2 corner = centre / u_tile * u_tile;
    p = clamp(p, corner, corner + u_tile - 1);
    page = pageAt(p, level);
  }
  return FETCH(ivec3(p % u_tile, int(page) - 1));
}
`

const SAMPLE = `
TEXEL sampleImage(vec2 v, int level) {
  vec2 q = level == 0 ? v : (v + 0.5) / float(1 << level) - 0.5;
  ivec2 size = u_levelSize[level];
  ivec2 centre = clamp(ivec2(floor(q + 0.5)), ivec2(0), size - 1);
  if (!u_linear) return tap(centre, centre, level);
  q = clamp(q, vec2(0.0), vec2(size - 1));
  ivec2 p = ivec2(floor(q));
  vec2 w = q - vec2(p);
  TEXEL top = mix(tap(p, centre, level), tap(p + ivec2(1, 0), centre, level), w.x);
  TEXEL bottom = mix(tap(p + ivec2(0, 1), centre, level), tap(p + ivec2(1, 1), centre, level), w.x);
  return mix(top, bottom, w.y);
}
vec3 imageColor(vec2 v) {
  int level;
  if (!findLevel(v, level)) return vec3(0.0);
  TEXEL value = sampleImage(v, level) * u_rescale.x + u_rescale.y;
  vec3 grey = vec3(clamp((value - u_window.x) * u_window.y, 0.0, 1.0));
  return u_invert ? 1.0 - grey : grey;
}
`

const LABELS = `
uint labelAt(vec2 v, int slot) {
  ivec2 p = ivec2(floor(v + 0.5));
  if (any(lessThan(p, ivec2(0))) || any(greaterThanEqual(p, u_size))) return 0u;
  uint page = texelFetch(u_labelTable, ivec3(p >> 8, slot), 0).r;
  return page == 0u ? 0u : texelFetch(u_labels, ivec3(p & 255, int(page) - 1), 0).r;
}
// Inside the segment, where a neighbour at the outline's width has another number.
bool isEdge(vec2 v, int slot, uint number) {
  if (u_outline <= 0.0) return false;
  vec2 a = u_across * (u_outline / u_pixel);
  vec2 b = u_down * (u_outline / u_pixel);
  if (labelAt(v + a, slot) != number || labelAt(v - a, slot) != number) return true;
  if (labelAt(v + b, slot) != number || labelAt(v - b, slot) != number) return true;
  vec2 c = (a + b) * 0.70711;
  vec2 d = (a - b) * 0.70711;
  if (labelAt(v + c, slot) != number || labelAt(v - c, slot) != number) return true;
  return labelAt(v + d, slot) != number || labelAt(v - d, slot) != number;
}
uvec4 look(highp usampler2D lut, uint number) {
  return texelFetch(lut, ivec2(int(number & 255u), int(number >> 8)), 0);
}
vec3 drawLayer(vec3 color, vec2 v, int slot) {
  uint number = labelAt(v, slot);
  if (number == 0u) return color;
  uvec4 entry = look(u_lut, number);
  if ((entry.a & ${HIDDEN}u) != 0u) return color;
  bool locked = (entry.a & ${LOCKED}u) != 0u;
  float opacity = isEdge(v, slot, number) ? (locked ? 0.6 : 1.0) : u_fill;
  return mix(color, vec3(entry.rgb) / 255.0, opacity);
}
// A model says so: violet, hatched and dashed in the screen's own pixels; the fill leans to the segment's colour.
vec3 drawProposal(vec3 color, vec2 v, vec2 pixel) {
  const vec3 violet = vec3(180.0, 151.0, 255.0) / 255.0;
  uint number = labelAt(v, ${PROPOSAL_SLOT});
  if (number == 0u) return color;
  uvec4 entry = look(u_proposalLut, number);
  if ((entry.a & ${HIDDEN}u) != 0u) return color;
  vec2 css = pixel / u_dpr;
  if (isEdge(v, ${PROPOSAL_SLOT}, number)) return mod(css.x - css.y, 9.0) < 6.0 ? violet : mix(color, violet, u_fill);
  if (mod(css.x + css.y, 7.0) < 1.6) return mix(color, violet, min(1.0, u_fill + 0.35));
  return mix(color, mix(violet, vec3(entry.rgb) / 255.0, 0.5), u_fill);
}
`

const MAIN = `
void main() {
  vec2 target = vec2(gl_FragCoord.x, u_height - gl_FragCoord.y);
  vec2 v = u_origin + u_across * target.x + u_down * target.y;
  if (any(lessThan(v, vec2(-0.5))) || any(greaterThanEqual(v, vec2(u_size) - 0.5))) {
    o_color = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  vec3 color = imageColor(v);
  for (int slot = 0; slot < ${MAX_LAYERS}; slot++) {
    if (slot >= u_layers) break;
    color = drawLayer(color, v, slot);
  }
  if (u_proposal) color = drawProposal(color, v, target * u_pixel);
  o_color = vec4(color, 1.0);
}
`
