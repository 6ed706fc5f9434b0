import type { Label } from '../../api/labels'
import type { Revision } from '../../api/revisions'
import { formatFixed, historyText } from '../../strings'
import type { Measure } from './measure'

/**
 * The seqs whose effect is undone now. A redo undoes an undo, so the server's own mark is not the answer: what counts is
 * whether the revision that undid it still stands. `revisions` are newest first; an undo is newer than what it undoes.
 */
export function undoneSeqs(revisions: readonly Pick<Revision, 'seq' | 'undoes'>[]): ReadonlySet<number> {
  const undone = new Set<number>()
  for (const { seq, undoes } of revisions) {
    if (undoes !== null && !undone.has(seq)) undone.add(undoes)
  }
  return undone
}

/** What a revision did, in words: the tool and the labels it changed. */
export function revisionText(revision: Revision, labels: readonly Label[]): string {
  const names = Object.entries(revision.stats.labels ?? {})
    .filter(([, { added, removed }]) => added > 0 || removed > 0)
    .map(([id]) => labels.find((label) => label.id === id)?.name)
    .filter((name) => name !== undefined)
  const undone = revision.undoes
  const what =
    undone !== null
      ? revision.depth % 2 === 1
        ? historyText.undid(undone)
        : historyText.redid(undone)
      : revision.source === 'proposal'
        ? historyText.acceptedHere
        : (revision.message ?? toolName(revision))
  const text = [what, ...names].join(', ')
  return revision.name === null ? text : `${text} · ${revision.name}`
}

function toolName({ tool, source }: Revision): string {
  if (tool !== null && tool !== '') return historyText.tools[tool] ?? tool
  return historyText.sources[source] ?? source
}

/** Net voxels over all labels, as volume or area. */
export function changeText(revision: Revision, measure: Measure): string {
  const changes = Object.values(revision.stats.labels ?? {})
  const net = changes.reduce((sum, { added, removed }) => sum + added - removed, 0)
  if (changes.length === 0) return ''
  const sign = net > 0 ? '+' : ''
  switch (measure.kind) {
    case 'volume':
      return `${sign}${formatFixed((net * measure.perVoxel) / 1000, 1)}\u2009ml`
    case 'area':
      return `${sign}${formatFixed((net * measure.perVoxel) / 100, 1)}\u2009cm²`
    case 'none':
      return historyText.voxels(net)
  }
}
