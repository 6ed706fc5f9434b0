import { useQueryClient } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { type ChangeEvent, type FormEvent, useCallback, useEffect, useId, useRef, useState } from 'react'
import { hasEnded, type Job } from '../../api/jobs'
import { addModel, modelsQuery } from '../../api/segmenters'
import { watchJob } from '../../api/watch-job'
import { ProgressBar } from '../../panels/bits'
import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { explain } from '../../panels/problem-note'
import { say } from '../../panels/toast'
import { commonText, formatBytes, modelText } from '../../strings'

export function AddModelDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const latest = useRef(onOpenChange)
  latest.current = onOpenChange
  const close = useCallback(() => latest.current(false), [])
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={modelText.newTitle} description={modelText.newNote}>
      <AddModelForm onClose={close} />
    </Dialog>
  )
}

type Step =
  | { kind: 'choosing' }
  | { kind: 'sending' }
  | { kind: 'checking'; job: Job }
  | { kind: 'refused'; title: string; detail: string }

/** Sends the files and follows the check to its end. */
function useAddModel(onClose: () => void): {
  step: Step
  send: (files: readonly File[], manifest: File | undefined) => Promise<void>
} {
  const client = useQueryClient()
  const [step, setStep] = useState<Step>({ kind: 'choosing' })
  const jobId = step.kind === 'checking' ? step.job.id : null
  useEffect(() => {
    if (jobId === null) return
    return watchJob(
      jobId,
      (job) => {
        if (!hasEnded(job)) {
          setStep({ kind: 'checking', job })
        } else if (job.state === 'succeeded') {
          void client.invalidateQueries({ queryKey: modelsQuery.queryKey })
          say(modelText.added(String(job.result?.name ?? ''), String(job.result?.version ?? '')))
          onClose()
        } else {
          setStep({
            kind: 'refused',
            title: job.problem?.title ?? modelText.refused,
            detail: job.problem?.detail ?? '',
          })
        }
      },
      () => undefined, // the poll goes on
    )
  }, [jobId, client, onClose])
  return {
    step,
    send: async (files, manifest) => {
      setStep({ kind: 'sending' })
      try {
        const text = manifest === undefined ? null : await manifest.text()
        setStep({ kind: 'checking', job: await addModel(files, text) })
      } catch (cause) {
        setStep({ kind: 'refused', ...explain(cause) })
      }
    },
  }
}

function AddModelForm({ onClose }: { onClose: () => void }) {
  const [files, setFiles] = useState<readonly File[]>([])
  const [manifest, setManifest] = useState<readonly File[]>([])
  const [error, setError] = useState<string | null>(null)
  const { step, send } = useAddModel(onClose)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const isFine = files.length === 1 || files.length === 2
    setError(isFine ? null : files.length === 0 ? modelText.noFile : modelText.tooMany)
    if (isFine) await send(files, manifest[0])
  }

  const isBusy = step.kind === 'sending' || step.kind === 'checking'
  return (
    <form className="contents" onSubmit={submit}>
      <div className="col gap-3.5 px-4 pb-4">
        <FileField
          label={modelText.files}
          button={modelText.chooseModel}
          accept=".onnx"
          multiple
          files={files}
          onChange={setFiles}
          error={error}
        />
        <FileField
          label={modelText.manifest}
          button={modelText.chooseManifest}
          accept=".json,application/json"
          files={manifest}
          onChange={setManifest}
          hint={modelText.manifestHint}
        />
        <StepNote step={step} />
      </div>
      <DialogFoot>
        <Button onClick={onClose}>{commonText.cancel}</Button>
        <Button kind="primary" type="submit" busy={isBusy}>
          {modelText.submit}
        </Button>
      </DialogFoot>
    </form>
  )
}

function StepNote({ step }: { step: Step }) {
  switch (step.kind) {
    case 'choosing':
      return null
    case 'sending':
      return <p role="status">{modelText.sending}</p>
    case 'checking': {
      const { progress } = step.job
      return (
        <div role="status" className="col gap-1.5">
          <p>{progress?.step ?? modelText.checking}</p>
          <ProgressBar fraction={progress?.fraction ?? 0} label={modelText.checking} />
        </div>
      )
    }
    case 'refused':
      return (
        <div role="alert" className="note">
          <div>
            <p className="font-medium text-bad">{step.title}</p>
            <p>{step.detail}</p>
          </div>
        </div>
      )
  }
}

interface FileFieldProps {
  label: string
  button: string
  accept: string
  multiple?: boolean
  files: readonly File[]
  onChange: (files: readonly File[]) => void
  hint?: string
  error?: string | null
}

function FileField({ label, button, accept, multiple = false, files, onChange, hint, error }: FileFieldProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)

  function choose(event: ChangeEvent<HTMLInputElement>): void {
    onChange(Array.from(event.target.files ?? []))
  }

  const note = error ?? hint
  return (
    <div className="col gap-[5px]">
      <label htmlFor={id} className="text-fg-2">
        {label}
      </label>
      <div className="field !pr-0.5">
        <span className={`flex-1 truncate ${files.length === 0 ? 'text-fg-3' : ''}`}>
          {files.length === 0
            ? modelText.none
            : files.map(({ name, size }) => `${name}, ${formatBytes(size)}`).join(' + ')}
        </span>
        <input
          ref={input}
          id={id}
          type="file"
          accept={accept}
          multiple={multiple}
          className="visually-hidden !size-px !flex-none"
          tabIndex={-1}
          onChange={choose}
        />
        <Button size="sm" icon={FileUp} aria-label={button} onClick={() => input.current?.click()}>
          {modelText.choose}
        </Button>
      </div>
      {note !== undefined && <p className={error ? 'text-bad' : 'text-fg-3'}>{note}</p>}
    </div>
  )
}
