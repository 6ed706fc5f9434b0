import { useInfiniteQuery } from '@tanstack/react-query'
import { Images, Upload } from 'lucide-react'
import { useMemo, useRef } from 'react'
import { type ImageSummary, readImages, thumbnailUrl } from '../../api/images'
import { Chip, Empty } from '../../panels/bits'
import type { Column } from '../../panels/data-table'
import { SearchField } from '../../panels/field'
import { ListCard } from '../../panels/list-card'
import { Link, navigate, useQueryValue } from '../../panels/router'
import { Thumbnail } from '../../panels/thumbnail'
import { useWindowWidth } from '../../panels/window-width'
import { formatMoment, formatShape, formatSpacing, imageText } from '../../strings'
import type { ScreenProps } from '../routes'

function spacingText(image: ImageSummary): string {
  if (image.spacing === null) return imageText.noSize
  return formatSpacing(image.spacing, image.kind === 'planar')
}

const titles = imageText.columns

const COLUMNS: readonly (Column<ImageSummary> & { from?: number })[] = [
  {
    id: 'picture',
    title: titles.picture,
    hideTitle: true,
    width: 92,
    cell: ({ id }) => <Thumbnail src={thumbnailUrl(id)} />,
  },
  {
    id: 'name',
    title: titles.name,
    cell: ({ id, name, partial }) => (
      <span className="row">
        <Link
          to={`/annotate/${id}`}
          className="truncate font-semibold hover:text-accent"
          aria-label={imageText.open(name)}
        >
          {name}
        </Link>
        {partial && (
          <span title={imageText.partialNote}>
            <Chip tone="warn">{imageText.partial}</Chip>
          </span>
        )}
      </span>
    ),
  },
  { id: 'modality', title: titles.modality, width: 96, cell: ({ modality }) => <Chip>{modality}</Chip> },
  {
    id: 'size',
    title: titles.size,
    width: 160,
    cell: ({ shape }) => <span className="mono text-fg-3">{formatShape(shape)}</span>,
  },
  {
    id: 'spacing',
    title: titles.spacing,
    width: 210,
    from: 1200,
    cell: (image) => <span className="mono text-fg-3">{spacingText(image)}</span>,
  },
  {
    id: 'notes',
    title: titles.notes,
    from: 1400,
    cell: ({ notes }) => (
      <span className="block truncate text-fg-3" title={notes.join('\n')}>
        {notes.join(' · ')}
      </span>
    ),
  },
  {
    id: 'added',
    title: titles.added,
    width: 150,
    align: 'right',
    cell: ({ created_at }) => <span className="text-fg-3">{formatMoment(created_at)}</span>,
  },
]

export function ImagesScreen({ projectId }: ScreenProps) {
  const [q, setQ] = useQueryValue('q')
  const scroller = useRef<HTMLDivElement>(null)
  const width = useWindowWidth()
  const query = useInfiniteQuery({
    queryKey: ['projects', projectId, 'images', { q }],
    queryFn: ({ pageParam, signal }) => readImages(projectId, { q }, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (old) => old,
  })
  const images = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data])

  function loadAhead(): void {
    const element = scroller.current
    if (element === null || !query.hasNextPage || query.isFetchingNextPage) return
    if (element.scrollHeight - element.scrollTop - element.clientHeight < 800) void query.fetchNextPage()
  }

  return (
    <>
      <header className="row flex-none">
        <h1>{imageText.title}</h1>
        {images !== undefined && <span className="text-fg-3">{imageText.count(images.length, query.hasNextPage)}</span>}
        <span className="flex-1" />
        <SearchField
          className="w-[280px]"
          label={imageText.filter}
          value={q}
          onChange={(event) => setQ(event.target.value)}
        />
      </header>
      <ListCard
        label={imageText.title}
        columns={COLUMNS.filter(({ from = 0 }) => width >= from)}
        rows={images}
        cause={query.error}
        readAt={query.dataUpdatedAt}
        retry={() => void query.refetch()}
        rowKey={({ id }) => id}
        rowHeight={55}
        scroller={scroller}
        onScroll={loadAhead}
        onRowOpen={({ id }) => navigate(`/annotate/${id}`)}
        empty={q === '' ? <NoImages projectId={projectId} /> : <Empty title={imageText.nothingFits} />}
      />
    </>
  )
}

function NoImages({ projectId }: { projectId: string }) {
  return (
    <Empty icon={Images} title={imageText.empty}>
      <Link to={`/projects/${projectId}/import`} className="btn primary">
        <Upload size={14} aria-hidden />
        {imageText.importImages}
      </Link>
    </Empty>
  )
}
