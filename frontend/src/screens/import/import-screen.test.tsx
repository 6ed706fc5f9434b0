import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { beforeEach, expect, test } from 'vitest'
import type { Outcome, UploadItem } from '../../api/uploads'
import { page, renderScreen, serve } from '../testing/render-screen'
import { ImportScreen } from './import-screen'

const TOTALS = { files: 3, bytes: 9, accepted: 1, noted: 0, attached: 0, held: 1, duplicate: 0, refused: 1, pending: 0 }
const UPLOAD = {
  id: 'up',
  project_id: 'p',
  state: 'done',
  job_id: null,
  created_at: '2026-03-01T12:00:00Z',
  totals: TOTALS,
}
const PROJECT = {
  id: 'p',
  name: 'Pilot',
  readers: 'shared',
  role: 'manager',
  counts: {},
  created_at: '2026-03-01T12:00:00Z',
}

function item(file: string, outcome: Outcome, reason: string): UploadItem {
  return {
    id: file,
    file,
    outcome,
    reason,
    code: null,
    image_id: null,
    image_ids: [],
    size: 3,
    files: 1,
    title: file,
    what: null,
  }
}

const ITEMS = [
  item('good.dcm', 'accepted', 'Even spacing'),
  item('named.dcm', 'held', 'Names a patient'),
  item('bad.dcm', 'refused', 'Not DICOM'),
]

const ROUTES = {
  'GET /projects/p': PROJECT,
  'GET /projects/p/labels': page([]),
  'GET /projects/p/uploads': page([]),
  'GET /uploads/up': UPLOAD,
  'GET /uploads/up/items': page(ITEMS),
  'POST /uploads/up/confirm': { id: 'job' },
  'POST /uploads/up/discard': [204, null],
}

beforeEach(() => window.history.replaceState(null, '', '/projects/p/import/up'))

function show() {
  const fetched = serve(ROUTES)
  renderScreen(<ImportScreen projectId="p" uploadId="up" />)
  return fetched
}

test('each file has its outcome, and the totals add up', async () => {
  show()

  const table = await screen.findByRole('table', { name: 'What happened to each file' })
  expect(within(table).getByText('Held for a person')).toBeTruthy()
  expect(within(table).getByText('Not DICOM')).toBeTruthy()
  expect(screen.getByText('1 refused, nothing of it was kept')).toBeTruthy()
  expect(screen.getByRole('link', { name: 'Report as CSV' }).getAttribute('href')).toBe('/api/v1/uploads/up/report.csv')
})

test('"needs you" leaves only what is held', async () => {
  show()
  await screen.findByText('named.dcm')

  fireEvent.click(screen.getByRole('radio', { name: 'Needs you 1' }))

  await waitFor(() => expect(screen.queryByText('bad.dcm')).toBeNull())
  expect(screen.getByText('named.dcm')).toBeTruthy()
  expect(window.location.search).toBe('?show=needsYou')
})

test('a held file is imported only after a person said so', async () => {
  const fetched = show()

  fireEvent.click(await screen.findByRole('button', { name: 'Look at named.dcm' }))
  fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Import it' }))

  await waitFor(() => {
    const confirm = fetched.mock.calls.find(([url]) => String(url).endsWith('/confirm'))
    expect(confirm?.[1]?.body).toBe('{"item_ids":["named.dcm"]}')
  })
})
