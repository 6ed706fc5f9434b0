import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { beforeEach, describe, expect, test } from 'vitest'
import type { WorkItem } from '../../api/worklist'
import { page, renderScreen, serve } from '../testing/render-screen'
import { TasksScreen } from './tasks-screen'

const ITEMS = 'GET /projects/p/work-items'
const NEXT = 'POST /projects/p/work-items/next'

function item(id: string, part: Partial<WorkItem> = {}): WorkItem {
  return {
    id,
    image: {
      id: `image-${id}`,
      name: id,
      modality: 'CT',
      kind: 'volume',
      shape: [20, 512, 512],
      spacing: null,
      thumbnail: '/t',
      description: '',
    },
    stage: 'annotate',
    state: 'in_progress',
    priority: 0.5,
    reason: 'first in, first out',
    assignee: { id: 'u1', name: 'Mira Kovač' },
    lease_until: null,
    progress: { segments: 1, revision: 3, proposal: false },
    updated_at: '2026-03-01T12:00:00Z',
    segmentation_id: null,
    ...part,
  }
}

beforeEach(() => window.history.replaceState(null, '', '/projects/p/tasks'))

async function show(...items: WorkItem[]): Promise<void> {
  serve({ [ITEMS]: page(items), 'GET /projects/p/labels': page([]), [NEXT]: item('next') })
  renderScreen(<TasksScreen projectId="p" uploadId={null} />)
  if (items.length > 0) await screen.findAllByRole('row', { name: new RegExp(items[0]?.id ?? '') })
}

describe('my tasks', () => {
  test('with nothing at all point to the import', async () => {
    await show()

    const region = await screen.findByRole('region', { name: 'My tasks' })
    await within(region).findByText(/the queue is empty/)
    expect(within(region).getByRole('link', { name: 'Import images' })).toBeTruthy()
  })

  test('count what is open and what came back', async () => {
    await show(item('a'), item('b', { state: 'returned' }), item('c', { state: 'submitted' }))

    expect(screen.getByText('2 open tasks, 1 returned.')).toBeTruthy()
  })

  test('are not listed again in the queue', async () => {
    await show(item('a'))

    expect(screen.getAllByRole('link', { name: 'Open a' })).toHaveLength(1)
  })
})

describe('keys in the task list', () => {
  test('arrows choose a row and Enter opens it', async () => {
    await show(item('a'), item('b'))

    fireEvent.keyDown(document.body, { key: 'ArrowDown', code: 'ArrowDown' })
    fireEvent.keyDown(document.body, { key: 'ArrowDown', code: 'ArrowDown' })
    expect(document.querySelector('tr[aria-selected="true"]')?.getAttribute('data-row')).toBe('b')
    fireEvent.keyDown(document.body, { key: 'Enter', code: 'Enter' })

    expect(window.location.pathname + window.location.search).toBe('/annotate/image-b?task=b')
  })

  test('Space leases the next task and opens it', async () => {
    await show(item('a'))

    fireEvent.keyDown(document.body, { key: ' ', code: 'Space' })

    await waitFor(() => expect(window.location.search).toBe('?task=next'))
  })
})
