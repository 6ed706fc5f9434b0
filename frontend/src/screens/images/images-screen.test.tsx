import { screen } from '@testing-library/react'
import { beforeEach, expect, test } from 'vitest'
import { page, renderScreen, serve } from '../testing/render-screen'
import { ImagesScreen } from './images-screen'

const PATH = 'GET /projects/p/images'
const CT = {
  id: 'i1',
  name: 'CTA-0317',
  modality: 'CT',
  kind: 'volume',
  shape: [164, 126, 120],
  channels: 1,
  spacing: [1.5, 1.5, 1.5],
  partial: true,
  notes: ['One slice is missing'],
  created_at: '2026-03-01T12:00:00Z',
}

beforeEach(() => window.history.replaceState(null, '', '/projects/p/images'))

function show(): void {
  renderScreen(<ImagesScreen projectId="p" uploadId={null} />)
}

test('while it loads there are grey rows and a word for it', () => {
  serve({ [PATH]: 'never' })

  show()

  expect(screen.getByRole('status', { name: 'Loading' })).toBeTruthy()
})

test('an empty project offers the import', async () => {
  serve({ [PATH]: page([]) })

  show()

  expect((await screen.findByRole('link', { name: 'Import images' })).getAttribute('href')).toBe('/projects/p/import')
})

test('a failure shows what the server said, its code and a way on', async () => {
  serve({ [PATH]: [409, { code: 'busy', title: 'The project is being moved', detail: 'Try again in a minute.' }] })

  show()

  expect((await screen.findByRole('alert')).textContent).toContain('The project is being moved')
  expect(screen.getByText('Code busy')).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy()
})

test('a gateway without a server behind it is no answer', async () => {
  serve({ [PATH]: [502, 'bad gateway'] })

  show()

  expect((await screen.findByRole('alert')).textContent).toContain('The server does not answer')
})

test('an image is a row of a table that opens it', async () => {
  serve({ [PATH]: page([CT]) })

  show()

  const link = await screen.findByRole('link', { name: 'Open CTA-0317' })
  expect(link.getAttribute('href')).toBe('/annotate/i1')
  expect(screen.getByText('120 × 126 × 164')).toBeTruthy()
  expect(screen.getByText('partial')).toBeTruthy()
})

test('the filter stands in the address and goes to the server', async () => {
  window.history.replaceState(null, '', '/projects/p/images?q=cta')
  const fetched = serve({ [PATH]: page([]) })

  show()
  await screen.findByText('No image fits this filter.')

  expect(String(fetched.mock.calls[0]?.[0])).toContain('q=cta')
})
