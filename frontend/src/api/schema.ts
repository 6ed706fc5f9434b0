import type { components } from './schema.d'

/** The shapes of the API, generated from docs/openapi.json by `npm run api`. */
export type Schema = components['schemas']

/** A generated shape in which some members are known more exactly than JSON Schema can say: tuples, and free-form objects. */
export type With<Shape, Exact> = Omit<Shape, keyof Exact> & Exact

export type GridShape = [k: number, j: number, i: number]
export type GridSpacing = [si: number, sj: number, sk: number]
