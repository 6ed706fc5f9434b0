import { formatClock } from './format'

export const PRODUCT = 'Maskloop'
export const NOT_DIAGNOSTIC = 'Not for diagnostic use. Research and annotation only.'

export const commonText = {
  cancel: 'Cancel',
  close: 'Close',
  save: 'Save',
  add: 'Add',
  remove: 'Remove',
  tryAgain: 'Try again',
  loading: 'Loading',
  showMore: 'Show more',
  copy: 'Copy',
  copied: 'Copied',
  dismiss: 'Dismiss',
  menu: 'More',
  stale: (at: number) => `This list is from ${formatClock(at)}. The server does not answer.`,
  noAnswer: 'The server does not answer. Check the connection; nothing was changed.',
  notFound: 'There is nothing at this address',
  notFoundDetail: 'It may have been removed, or it is not yours to see.',
  toProjects: 'Go to the projects',
  crashed: 'This page stopped working',
  crashedDetail: 'Strokes that were drawn are kept on this computer. Reload the page to go on.',
  reload: 'Reload',
  problemCode: (code: string) => `Code ${code}`,
}
