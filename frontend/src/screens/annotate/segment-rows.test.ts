import { describe, expect, test } from 'vitest'
import type { Label } from '../../api/labels'
import type { SegmentView } from '../../store/document-state'
import { rowForDigit, segmentRows } from './segment-rows'

function label(id: string, part: Partial<Label> = {}): Label {
  return { id, name: id, color: '#112233', key: null, kind: 'semantic', code: null, archived: false, ...part }
}

function view(number: number, labelId: string, part: Partial<SegmentView> = {}): SegmentView {
  return {
    number,
    labelId,
    kind: 'semantic',
    layer: 0,
    name: null,
    color: null,
    state: null,
    visible: true,
    locked: false,
    voxels: 1,
    ...part,
  }
}

describe('the rows of the panel', () => {
  test('follow the labels: drawn ones, and those that wait for their first stroke', () => {
    const rows = segmentRows([view(7, 'spleen')], [label('liver'), label('spleen')])

    expect(rows.map((row) => [row.kind, row.key])).toEqual([
      ['unused', 'label-liver'],
      ['segment', 'segment-7'],
    ])
  })

  test('count the instances of a label above them', () => {
    const nucleus = label('nucleus', { kind: 'instance' })
    const own = [
      view(3, 'nucleus', { kind: 'instance', voxels: 5 }),
      view(4, 'nucleus', { kind: 'instance', voxels: 6 }),
    ]

    const rows = segmentRows(own, [nucleus])

    expect(rows[0]).toMatchObject({ kind: 'instances', count: 2, voxels: 11 })
    expect(rows[1]).toMatchObject({ name: 'nucleus 3' })
  })

  test('keep what was drawn with an archived or a lost label', () => {
    const rows = segmentRows(
      [view(1, 'old'), view(2, 'lost')],
      [label('old', { archived: true }), label('unused', { archived: true })],
    )

    expect(rows.map(({ key }) => key)).toEqual(['segment-1', 'segment-2'])
  })

  test('have the name and colour of the segment before those of its label', () => {
    const [row] = segmentRows([view(1, 'liver', { name: 'Left lobe', color: '#abcdef' })], [label('liver')])

    expect(row).toMatchObject({ name: 'Left lobe', color: '#abcdef' })
  })
})

describe('a digit', () => {
  test('chooses the label with that key', () => {
    const labels = [label('liver', { key: '2' }), label('spleen', { key: '1' })]

    expect(rowForDigit(segmentRows([], labels), labels, 1)?.key).toBe('label-spleen')
  })

  test('chooses by place where no label has a key; 0 is the tenth', () => {
    const labels = Array.from({ length: 10 }, (_, index) => label(`l${index}`))

    expect(rowForDigit(segmentRows([], labels), labels, 10)?.key).toBe('label-l9')
  })
})
