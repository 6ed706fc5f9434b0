import { FolderOpen, HardDriveUpload } from 'lucide-react'
import { type ChangeEvent, type DragEvent, type RefObject, useRef, useState } from 'react'
import { Button } from '../../panels/button'
import { importText } from '../../strings'
import { filesOfDrop, filesOfInput } from './gather-files'
import type { LocalFile } from './upload-queue'

export function DropZone({ onFiles }: { onFiles: (files: readonly LocalFile[]) => void }) {
  const [isOver, setOver] = useState(false)
  const fileInput = useRef<HTMLInputElement>(null)
  const folderInput = useRef<HTMLInputElement>(null)

  async function drop(event: DragEvent): Promise<void> {
    event.preventDefault()
    setOver(false)
    const files = await filesOfDrop(event.dataTransfer)
    if (files.length > 0) onFiles(files)
  }

  function choose(event: ChangeEvent<HTMLInputElement>): void {
    const files = event.target.files === null ? [] : filesOfInput(event.target.files)
    event.target.value = ''
    if (files.length > 0) onFiles(files)
  }

  return (
    <section
      className={`row flex-none flex-wrap gap-4 rounded-3 border-[1.5px] border-dashed px-[22px] py-5 ${
        isOver
          ? 'border-accent bg-[color-mix(in_srgb,var(--accent)_20%,transparent)]'
          : 'border-accent-line bg-accent-soft'
      }`}
      aria-label={importText.drop}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => void drop(event)}
      data-testid="drop-zone"
    >
      <HardDriveUpload size={30} className="text-accent" aria-hidden />
      <div className="min-w-[260px] flex-1">
        <p className="text-15 font-semibold">{isOver ? importText.dropNow : importText.drop}</p>
        <p className="mt-0.5 text-fg-2">{importText.dropNote}</p>
      </div>
      <HiddenInput ref={folderInput} label={importText.chooseFolder} isFolder onChange={choose} />
      <HiddenInput ref={fileInput} label={importText.chooseFiles} onChange={choose} />
      <Button icon={FolderOpen} onClick={() => folderInput.current?.click()}>
        {importText.chooseFolder}
      </Button>
      <Button onClick={() => fileInput.current?.click()}>{importText.chooseFiles}</Button>
    </section>
  )
}

interface HiddenInputProps {
  ref: RefObject<HTMLInputElement | null>
  label: string
  isFolder?: boolean
  onChange: (event: ChangeEvent<HTMLInputElement>) => void
}

/** The browser's own file input, out of sight and out of the tab order: the button beside it opens it. */
function HiddenInput({ ref, label, isFolder = false, onChange }: HiddenInputProps) {
  const folder = isFolder ? { webkitdirectory: '' } : {}
  return (
    <input
      ref={ref}
      type="file"
      multiple
      className="visually-hidden"
      aria-label={label}
      tabIndex={-1}
      onChange={onChange}
      {...folder}
    />
  )
}
