import { useQuery } from '@tanstack/react-query'
import { Boxes, Plus } from 'lucide-react'
import { useState } from 'react'
import { type ModelVersion, modelsQuery } from '../../api/segmenters'
import { Chip, Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import type { Column } from '../../panels/data-table'
import { ListCard } from '../../panels/list-card'
import { modelText } from '../../strings'
import { useSession } from '../session-context'
import { AddModelDialog } from './add-model-dialog'

const titles = modelText.columns

const COLUMNS: readonly Column<ModelVersion>[] = [
  {
    id: 'name',
    title: titles.name,
    cell: ({ name, title }) => (
      <>
        <div className="truncate font-medium">{title}</div>
        <div className="mono truncate text-fg-3">{name}</div>
      </>
    ),
  },
  { id: 'task', title: titles.task, width: 110, cell: ({ task }) => modelText.tasks[task] ?? task },
  {
    id: 'version',
    title: titles.version,
    width: 130,
    cell: ({ version, hash }) => (
      <span className="mono truncate text-fg-3" title={hash ?? ''}>
        {version ?? '–'}
      </span>
    ),
  },
  {
    id: 'stage',
    title: titles.stage,
    width: 120,
    cell: ({ stage, source }) => (
      <Chip tone={stage === 'production' ? 'ok' : 'plain'}>{source === 'model' ? stage : modelText.classical}</Chip>
    ),
  },
  {
    id: 'licence',
    title: titles.licence,
    width: 150,
    cell: ({ licence }) => <span className="block truncate text-fg-3">{licence ?? '–'}</span>,
  },
  {
    id: 'use',
    title: titles.use,
    cell: ({ intended_use }) => (
      <span className="line-clamp-2 whitespace-normal text-fg-2" title={intended_use ?? ''}>
        {intended_use ?? '–'}
      </span>
    ),
  },
]

export function ModelsScreen() {
  const { user } = useSession()
  const models = useQuery(modelsQuery)
  const [isAdding, setAdding] = useState(false)
  return (
    <>
      <header className="row flex-none">
        <div>
          <h1>{modelText.title}</h1>
          <p className="text-fg-2">{modelText.note}</p>
        </div>
        <span className="flex-1" />
        {user.role === 'admin' && (
          <Button kind="primary" icon={Plus} onClick={() => setAdding(true)}>
            {modelText.add}
          </Button>
        )}
      </header>
      <ListCard
        label={modelText.title}
        columns={COLUMNS}
        rows={models.data}
        cause={models.error}
        readAt={models.dataUpdatedAt}
        retry={() => void models.refetch()}
        rowKey={({ name, version }) => `${name}@${version}`}
        rowHeight={55}
        empty={<Empty icon={Boxes} title={modelText.empty} />}
      />
      {user.role === 'admin' && <AddModelDialog open={isAdding} onOpenChange={setAdding} />}
    </>
  )
}
