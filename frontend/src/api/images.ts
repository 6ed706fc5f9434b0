import { queryOptions } from '@tanstack/react-query'
import { API_BASE, type Page, request, requestBytes } from './http'
import type { GridShape, GridSpacing, Schema, With } from './schema'

export type WindowLevel = Schema['Window']

export type WindowPreset = Schema['Preset']

export type PixelLevel = With<Schema['PixelLevel'], { shape: GridShape }>

/** An image in a list. */
export type ImageSummary = With<
  Schema['ImageSummary'],
  { shape: GridShape; spacing: GridSpacing | null; channels: 1 | 3 }
>

/** Everything that the viewer needs. */
export type Image = With<
  Schema['ImageOut'],
  {
    shape: GridShape
    spacing: GridSpacing | null
    channels: 1 | 3
    pixels: With<Schema['Pixels'], { levels: PixelLevel[] }>
  }
>

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
