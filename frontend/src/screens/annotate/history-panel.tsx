import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { Ellipsis, Sparkles } from 'lucide-react'
import { useEffect, useMemo } from 'react'
import { useStore } from 'zustand'
import { type Revision, readRevisions } from '../../api/revisions'
import { segmentationApi } from '../../api/segmentations'
import { newUuid } from '../../api/uuid'
import { Avatar } from '../../panels/bits'
import { Button, cx, IconButton } from '../../panels/button'
import { Menu } from '../../panels/menu'
import { ProblemNote } from '../../panels/problem-note'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { formatClockOrDay, formatMoment, historyText } from '../../strings'
import { changeText, revisionText, undoneSeqs } from './revision-text'
import { useWorkspace } from './workspace-context'

export function HistoryPanel() {
  const { document } = useWorkspace()
  const client = useQueryClient()
  const id = useStore(document.state, ({ segmentation }) => segmentation.id)
  const revision = useStore(document.state, (state) => state.revision)
  const key = useMemo(() => ['segmentations', id, 'revisions'], [id])
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => readRevisions(id, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const newest = query.data?.pages[0]?.items[0]?.seq ?? 0
  useEffect(() => {
    if (revision > newest) void client.invalidateQueries({ queryKey: key })
  }, [revision, newest, client, key])
  const revisions = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  const undone = useMemo(() => undoneSeqs(revisions), [revisions])
  return (
    <section className="min-h-[64px] flex-1 basis-[90px] !border-0" aria-label={historyText.title}>
      <header className="ph">
        <h2 className="text-12">{historyText.title}</h2>
        <span className="font-normal text-fg-3">{historyText.revision(revision)}</span>
      </header>
      <div className="flex-1 overflow-auto pb-2">
        {query.isError && revisions.length === 0 && (
          <ProblemNote cause={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.isSuccess && revisions.length === 0 && <p className="px-3 text-fg-3">{historyText.empty}</p>}
        <ul>
          {revisions.map((entry) => (
            <RevisionLine
              key={entry.seq}
              revision={entry}
              isNewest={entry.seq === newest}
              isUndone={undone.has(entry.seq)}
            />
          ))}
        </ul>
        {query.hasNextPage && (
          <Button
            size="sm"
            kind="ghost"
            className="mx-2"
            busy={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {historyText.older}
          </Button>
        )}
      </div>
    </section>
  )
}

interface RevisionLineProps {
  revision: Revision
  isNewest: boolean
  isUndone: boolean
}

function RevisionLine({ revision, isNewest, isUndone }: RevisionLineProps) {
  const { labels, measure } = useWorkspace()
  const { author, model, created_at } = revision
  const text = revisionText(revision, labels)
  return (
    <li
      className={cx('ev group', isUndone && 'text-fg-3')}
      title={`${formatMoment(created_at)} · ${historyText.revision(revision.seq)}`}
    >
      <span className="t">{formatClockOrDay(created_at, Date.now())}</span>
      {model !== null ? (
        <span className="ic !text-proposal">
          <Sparkles size={12} aria-hidden />
        </span>
      ) : (
        <Avatar name={author?.name ?? historyText.somebody} id={author?.id ?? ''} />
      )}
      <span className="min-w-0 flex-1 truncate">
        {model !== null && <span className="text-proposal">{model.name} </span>}
        <span className={isUndone ? 'line-through' : ''}>{text}</span>
        {isUndone && <span className="text-fg-3"> · {historyText.undone}</span>}
      </span>
      <span className="mono text-fg-3">{changeText(revision, measure)}</span>
      {!isNewest && <RestoreMenu revision={revision} />}
    </li>
  )
}

function RestoreMenu({ revision }: { revision: Revision }) {
  const { document, mayDraw } = useWorkspace()
  const isEditor = useStore(document.state, ({ access }) => access.kind === 'editor')
  const { run } = useAction()
  if (!mayDraw || !isEditor) return null

  async function restore(): Promise<void> {
    const isDone = await run(async () => {
      await document.actions.settled()
      const id = document.state.getState().segmentation.id
      await segmentationApi.operate(id, newUuid(), { kind: 'restore', seq: revision.seq })
      await document.actions.refresh()
    })
    if (isDone) say(historyText.restored(revision.seq))
  }

  return (
    <Menu
      align="end"
      groups={[[{ id: 'restore', text: historyText.restore, onSelect: () => void restore() }]]}
      trigger={
        <IconButton
          icon={Ellipsis}
          size="sm"
          className="absolute right-1.5 top-0.5 !bg-bg-3 opacity-0 focus-visible:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100"
          label={historyText.more(revision.seq)}
        />
      }
    />
  )
}
