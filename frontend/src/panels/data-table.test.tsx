import { render, screen } from '@testing-library/react'
import { createRef } from 'react'
import { expect, test } from 'vitest'
import { type Column, DataTable } from './data-table'

interface Row {
  id: number
}

const COLUMNS: readonly Column<Row>[] = [{ id: 'id', title: 'Number', cell: ({ id }) => `row ${id}` }]

function rows(count: number): Row[] {
  return Array.from({ length: count }, (_, id) => ({ id }))
}

test('a short table is all there, and really a table', () => {
  render(<DataTable label="Numbers" columns={COLUMNS} rows={rows(30)} rowKey={({ id }) => String(id)} />)

  expect(screen.getByRole('table', { name: 'Numbers' })).toBeTruthy()
  expect(screen.getByRole('columnheader', { name: 'Number' })).toBeTruthy()
  expect(screen.getAllByText(/^row /)).toHaveLength(30)
})

test('over a hundred rows only those in sight are in the document, and the count is told', () => {
  const scroller = createRef<HTMLDivElement>()
  render(
    <div ref={scroller}>
      <DataTable
        label="Numbers"
        columns={COLUMNS}
        rows={rows(5000)}
        rowKey={({ id }) => String(id)}
        scroller={scroller}
      />
    </div>,
  )

  expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe('5001')
  expect(screen.getAllByText(/^row /).length).toBeLessThan(150)
})
