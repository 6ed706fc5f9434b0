import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus, Tag } from 'lucide-react'
import { useMemo, useState } from 'react'
import { changeLabel, type Label, labelsQuery } from '../../api/labels'
import { projectQuery } from '../../api/projects'
import { Chip, Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import type { Column } from '../../panels/data-table'
import { SearchField, Toggle } from '../../panels/field'
import { ListCard } from '../../panels/list-card'
import { useQueryValue } from '../../panels/router'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { labelText } from '../../strings'
import { canManage } from '../can'
import type { ScreenProps } from '../routes'
import { useSession } from '../session-context'
import { LabelDialog } from './label-dialog'

const titles = labelText.columns

const COLUMNS: readonly Column<Label>[] = [
  {
    id: 'name',
    title: titles.name,
    cell: ({ name, color }) => (
      <span className="row">
        <span className="sw" style={{ background: color }} />
        <span className="truncate font-medium">{name}</span>
      </span>
    ),
  },
  {
    id: 'key',
    title: titles.key,
    width: 80,
    cell: ({ key }) => (key === null ? <span className="text-fg-3">–</span> : <kbd>{key}</kbd>),
  },
  {
    id: 'kind',
    title: titles.kind,
    width: 130,
    cell: ({ kind }) => (
      <span className="text-fg-2" title={labelText.kindNotes[kind]}>
        {labelText.kinds[kind]}
      </span>
    ),
  },
  {
    id: 'code',
    title: titles.code,
    cell: ({ code }) =>
      code === null ? (
        <span className="text-fg-3">{labelText.noCode}</span>
      ) : (
        <span className="row">
          <span className="truncate">{code.meaning}</span>
          <span className="mono text-fg-3">
            {code.scheme} {code.value}
          </span>
        </span>
      ),
  },
  {
    id: 'state',
    title: titles.state,
    width: 110,
    cell: ({ archived }) =>
      archived ? <Chip>{labelText.archived}</Chip> : <span className="text-fg-3">{labelText.inUse}</span>,
  },
]

export function LabelsScreen({ projectId }: ScreenProps) {
  const { user } = useSession()
  const project = useQuery(projectQuery(projectId)).data
  const labels = useQuery(labelsQuery(projectId))
  const [q, setQ] = useQueryValue('q')
  const [shown, setShown] = useQueryValue('archived')
  const [edited, setEdited] = useState<Label | 'new' | null>(null)
  const mayChange = canManage(project, user)
  const rows = labels.data?.filter(
    ({ name, archived }) => (!archived || shown === 'yes') && name.toLowerCase().includes(q.trim().toLowerCase()),
  )
  const columns = useMemo(
    () => (mayChange ? [...COLUMNS, actionColumn(projectId, setEdited)] : COLUMNS),
    [mayChange, projectId],
  )
  return (
    <>
      <header className="row flex-none">
        <h1>{labelText.title}</h1>
        <span className="flex-1" />
        {labels.data?.some(({ archived }) => archived) === true && (
          <span className="row text-fg-2">
            <Toggle
              label={labelText.showArchived}
              checked={shown === 'yes'}
              onChange={(on) => setShown(on ? 'yes' : '')}
            />
            <span aria-hidden>{labelText.showArchived}</span>
          </span>
        )}
        <SearchField
          className="w-[240px]"
          label={labelText.filter}
          value={q}
          onChange={(event) => setQ(event.target.value)}
        />
        {mayChange && (
          <Button kind="primary" icon={Plus} onClick={() => setEdited('new')}>
            {labelText.add}
          </Button>
        )}
      </header>
      <ListCard
        label={labelText.title}
        columns={columns}
        rows={rows}
        cause={labels.error}
        readAt={labels.dataUpdatedAt}
        retry={() => void labels.refetch()}
        rowKey={({ id }) => id}
        empty={<Empty icon={Tag} title={labelText.empty} />}
      />
      <LabelDialog projectId={projectId} edited={edited} others={labels.data ?? []} onClose={() => setEdited(null)} />
    </>
  )
}

function actionColumn(projectId: string, onEdit: (label: Label) => void): Column<Label> {
  return {
    id: 'action',
    title: titles.action,
    hideTitle: true,
    width: 190,
    align: 'right',
    cell: (label) => (
      <span className="row justify-end gap-1">
        <Button size="sm" kind="ghost" aria-label={labelText.editOf(label.name)} onClick={() => onEdit(label)}>
          {labelText.edit}
        </Button>
        <ArchiveButton projectId={projectId} label={label} />
      </span>
    ),
  }
}

function ArchiveButton({ projectId, label }: { projectId: string; label: Label }) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()

  async function archive(): Promise<void> {
    const isDone = await run(() => changeLabel(projectId, label.id, { archived: !label.archived }))
    if (isDone) say(label.archived ? labelText.saved(label.name) : labelText.archivedSaid(label.name))
    await client.invalidateQueries({ queryKey: labelsQuery(projectId).queryKey })
  }

  return (
    <Button size="sm" kind="ghost" busy={isBusy} onClick={() => void archive()}>
      {label.archived ? labelText.restore : labelText.archive}
    </Button>
  )
}
