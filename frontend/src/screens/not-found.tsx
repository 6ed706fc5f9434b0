import { SearchX } from 'lucide-react'
import { Empty } from '../panels/bits'
import { Link } from '../panels/router'
import { commonText } from '../strings'

export function NotFound() {
  return (
    <Empty icon={SearchX} title={commonText.notFound}>
      <p className="text-fg-3">{commonText.notFoundDetail}</p>
      <Link to="/projects" className="btn">
        {commonText.toProjects}
      </Link>
    </Empty>
  )
}
