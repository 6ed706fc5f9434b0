import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { imageQuery } from '../../api/images'
import { ProblemNote } from '../../panels/problem-note'
import { Link, useQueryValue } from '../../panels/router'
import { annotateText, PRODUCT } from '../../strings'
import { FrameSkeleton } from './frame-skeleton'
import { useOpened } from './use-opened'
import { WorkspaceFrame } from './workspace-frame'

export function AnnotateScreen({ imageId }: { imageId: string }) {
  const [taskId] = useQueryValue('task')
  const opening = useOpened(imageId, taskId === '' ? null : taskId)
  const name = useQuery(imageQuery(imageId)).data?.name ?? ''
  useEffect(() => {
    document.title = name === '' ? PRODUCT : `${name} · ${PRODUCT}`
  }, [name])
  switch (opening.kind) {
    case 'opening':
      return <FrameSkeleton name={opening.image?.name ?? ''} />
    case 'failed':
      return (
        <main className="col h-full items-center justify-center gap-3">
          <div className="w-[min(560px,94vw)]">
            <ProblemNote cause={opening.cause} onRetry={opening.retry} />
          </div>
          <Link to="/" className="btn">
            {annotateText.back}
          </Link>
        </main>
      )
    case 'open':
      return <WorkspaceFrame key={opening.opened.document.state.getState().segmentation.id} opened={opening.opened} />
  }
}
