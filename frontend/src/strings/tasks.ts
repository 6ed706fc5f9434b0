import { formatClock, formatCount, formatPlural } from './format'

export const taskText = {
  greeting: (hour: number, name: string) =>
    `Good ${hour < 5 ? 'evening' : hour < 12 ? 'morning' : hour < 18 ? 'afternoon' : 'evening'}, ${name}`,
  summary: (open: number, returned: number) =>
    open === 0
      ? 'You have no open task.'
      : `${formatPlural(open, 'open task')}${returned > 0 ? `, ${formatCount(returned)} returned` : ''}.`,
  startNext: 'Start next task',
  mine: 'My tasks',
  leased: (until: string) => `leased to you till ${formatClock(until)}, work is saved as you go`,
  mineNote: 'work is saved as you go',
  queue: 'Queue',
  queueCount: (count: number, hasMore: boolean) => `${hasMore ? 'more than ' : ''}${formatPlural(count, 'image')}`,
  filter: 'Filter by name',
  modality: (value: string) => `Modality: ${value === '' ? 'all' : value}`,
  state: (value: string) => `State: ${value === '' ? 'all' : value}`,
  all: 'All',
  nothingMine: (waiting: number, hasMore: boolean) =>
    waiting === 0
      ? 'Nothing is waiting for you, and the queue is empty. Import images to begin.'
      : `Nothing is waiting for you. The queue has ${hasMore ? 'more than ' : ''}${formatPlural(waiting, 'image')}.`,
  nothingFits: 'No image fits this filter.',
  nothingQueued: 'The queue is empty. Each imported image becomes a task here.',
  queueDone: 'Nothing is left in the queue.',
  importImages: 'Import images',
  clearFilter: 'Clear the filter',
  columns: {
    thumbnail: 'Picture',
    image: 'Image',
    modality: 'Modality',
    size: 'Size',
    state: 'State',
    priority: 'Priority',
    reason: 'Why here',
    reader: 'Reader',
    progress: 'Progress',
    updated: 'Updated',
  },
  states: {
    todo: 'To do',
    in_progress: 'In progress',
    submitted: 'Submitted',
    returned: 'Returned',
    skipped: 'Skipped',
  },
  free: 'free',
  hidden: 'hidden',
  proposalReady: 'proposal ready',
  nothingDrawn: 'nothing drawn yet',
  ofLabels: (segments: number, labels: number) => `${segments} of ${formatPlural(labels, 'label')}`,
  segments: (segments: number) => formatPlural(segments, 'segment'),
  open: (name: string) => `Open ${name}`,
}
