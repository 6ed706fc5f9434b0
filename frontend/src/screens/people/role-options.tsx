import { PROJECT_ROLES } from '../../api/projects'
import { peopleText } from '../../strings'

export function RoleOptions() {
  return PROJECT_ROLES.map((role) => (
    <option key={role} value={role}>
      {peopleText.roles[role]} · {peopleText.roleNotes[role]}
    </option>
  ))
}
