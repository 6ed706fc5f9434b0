import { commandText, keyGroupText, keySheetText } from '../strings'
import { Dialog } from './dialog'
import { chordParts, KEY_TABLE, type KeyContext, type KeyGroup } from './key-table'

const GROUPS = Object.keys(keyGroupText) as KeyGroup[]

/** All keys that are heard here, by group. */
export function KeySheet({
  open,
  onOpenChange,
  context,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  context: KeyContext
}) {
  const heard = KEY_TABLE.filter((entry) => entry.context === 'everywhere' || entry.context === context)
  const groups = GROUPS.map((group) => ({ group, entries: heard.filter((entry) => entry.group === group) }))
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={keySheetText.title}
      description={keySheetText.note}
      className="!w-[min(900px,94vw)]"
    >
      <div className="columns-2 gap-8 overflow-auto px-4 pb-4">
        {groups.map(({ group, entries }) =>
          entries.length === 0 ? null : (
            <section key={group} className="mb-4 break-inside-avoid" aria-label={keyGroupText[group]}>
              <h3 className="cap pb-1">{keyGroupText[group]}</h3>
              <dl>
                {entries.map(({ command, chords }) => (
                  <div key={command} className="row min-h-7 border-b border-line-1">
                    <dt className="flex-1 text-fg-2">{commandText[command] ?? command}</dt>
                    <dd className="row gap-1">
                      {chords.slice(0, 2).map((chord, index) => (
                        <span key={chord} className="row gap-0.5">
                          {index > 0 && <span className="px-1 text-fg-3">/</span>}
                          {chordParts(chord).map((part) => (
                            <kbd key={part}>{part}</kbd>
                          ))}
                        </span>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          ),
        )}
      </div>
    </Dialog>
  )
}
