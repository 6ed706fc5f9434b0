import { ImageOff } from 'lucide-react'
import { useState } from 'react'

export interface ThumbnailProps {
  src: string | null
  width?: number
  height?: number
}

/** A small picture of an image, or a grey place where there is none. The name stands beside it, so it has none of its own. */
export function Thumbnail({ src, width = 64, height = 46 }: ThumbnailProps) {
  const [failedSrc, setFailedSrc] = useState<string | null>(null)
  if (src === null || failedSrc === src) {
    return (
      <span className="thumb" style={{ width, height }}>
        <ImageOff size={16} aria-hidden />
      </span>
    )
  }
  return (
    <img
      className="thumb"
      src={src}
      alt=""
      width={width}
      height={height}
      style={{ width, height }}
      loading="lazy"
      decoding="async"
      onError={() => setFailedSrc(src)}
    />
  )
}
