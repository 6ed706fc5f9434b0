import { describe, expect, test } from 'vitest'
import type { Label } from '../../api/labels'
import type { Revision } from '../../api/revisions'
import { changeText, revisionText, undoneSeqs } from './revision-text'

const LIVER: Label = {
  id: 'l',
  name: 'Liver',
  color: '#112233',
  key: null,
  kind: 'semantic',
  code: null,
  archived: false,
}

function revision(part: Partial<Revision>): Revision {
  return {
    seq: 1,
    key: 'k',
    author: null,
    model: null,
    source: 'drawn',
    tool: 'Brush',
    undoes: null,
    depth: 0,
    undone: false,
    name: null,
    message: null,
    active_ms: 0,
    created_at: '2026-03-01T12:00:00Z',
    stats: {},
    segments: [],
    ...part,
  }
}

describe('what is undone now', () => {
  test('is the stroke that an undo took back', () => {
    expect([
      ...undoneSeqs([
        { seq: 2, undoes: 1 },
        { seq: 1, undoes: null },
      ]),
    ]).toEqual([1])
  })

  test('is no longer the stroke when the undo was undone', () => {
    const redone = [
      { seq: 3, undoes: 2 },
      { seq: 2, undoes: 1 },
      { seq: 1, undoes: null },
    ]

    expect([...undoneSeqs(redone)]).toEqual([2])
  })
})

describe('a revision in words', () => {
  test('is its tool and the labels it changed', () => {
    const stats = { labels: { l: { added: 5, removed: 0 }, gone: { added: 1, removed: 0 } } }

    expect(revisionText(revision({ stats }), [LIVER])).toBe('Brush, Liver')
  })

  test('tells an undo from a redo by its depth', () => {
    expect(revisionText(revision({ undoes: 4, depth: 1 }), [])).toBe('Undid revision 4')
    expect(revisionText(revision({ undoes: 5, depth: 2 }), [])).toBe('Redid what revision 5 undid')
  })

  test('carries its name', () => {
    expect(revisionText(revision({ name: 'before review' }), [])).toBe('Brush · before review')
  })
})

test('the change is the net of all labels in ml', () => {
  const stats = { labels: { l: { added: 3000, removed: 1000 } } }

  expect(changeText(revision({ stats }), { kind: 'volume', perVoxel: 1, remark: null }).replace('\u2009', ' ')).toBe(
    '+2.0 ml',
  )
})
