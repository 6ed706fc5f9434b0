import { queryOptions } from '@tanstack/react-query'
import { API_BASE, type Page, request, requestBytes } from './http'

export interface WindowLevel {
  center: number
  width: number
}

export interface WindowPreset extends WindowLevel {
  name: string
}

export interface PixelLevel {
  level: number
  shape: [k: number, j: number, i: number]
  groups: number
}

/** An image in a list. */
export interface ImageSummary {
  id: string
  name: string
  modality: string
  kind: 'volume' | 'planar'
  shape: [k: number, j: number, i: number]
  channels: 1 | 3
  spacing: [si: number, sj: number, sk: number] | null
  partial: boolean
  notes: string[]
  created_at: string
}

/** Everything that the viewer needs. */
export interface Image extends ImageSummary {
  project_id: string
  dtype: 'int16' | 'uint16' | 'uint8' | 'float32'
  /** Rows of the matrix that takes (i, j, k, 1) to LPS millimetres; null without a physical size. */
  affine: number[][] | null
  spacing_source: 'pixel' | 'detector' | null
  frame_of_reference: string | null
  rescale: { slope: number[]; intercept: number[] }
  unit: string | null
  window: WindowLevel | null
  presets: WindowPreset[]
  photometric: 'MONOCHROME2' | 'MONOCHROME1' | 'RGB'
  source: { text: string; licence: string } | null
  pixels: { codec: string; tile: number; levels: PixelLevel[]; bytes: number }
}

export interface ImageFilter {
  q?: string
  modality?: string
}

export function readImages(
  projectId: string,
  filter: ImageFilter,
  cursor: string | null,
  signal: AbortSignal,
): Promise<Page<ImageSummary>> {
  return request<Page<ImageSummary>>(`/projects/${projectId}/images`, {
    query: { ...filter, cursor, limit: 100 },
    signal,
  })
}

export const imageQuery = (imageId: string) =>
  queryOptions({
    queryKey: ['images', imageId],
    queryFn: ({ signal }) => request<Image>(`/images/${imageId}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })

export function thumbnailUrl(imageId: string): string {
  return `${API_BASE}/images/${imageId}/thumbnail`
}

export function readTileGroup(
  imageId: string,
  level: number,
  group: number,
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  return requestBytes(`/images/${imageId}/tiles/${level}/${group}`, {
    accept: 'application/vnd.maskloop.pixels',
    signal,
  })
}
