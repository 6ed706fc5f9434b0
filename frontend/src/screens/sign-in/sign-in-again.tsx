import { useQueryClient } from '@tanstack/react-query'
import type { Session, User } from '../../api/session'
import { Button } from '../../panels/button'
import { Dialog } from '../../panels/dialog'
import { signInText } from '../../strings'
import { SignInForm } from './sign-in-form'

export interface SignInAgainProps {
  user: User
  open: boolean
  onSignedIn: () => void
}

/** Over the page that stays: the same person signs in and goes on where she was. */
export function SignInAgain({ user, open, onSignedIn }: SignInAgainProps) {
  const client = useQueryClient()

  function accept(session: Session): void {
    if (session.user.id !== user.id) {
      // Another person: nothing of the page, its cache or its unsent strokes is hers.
      window.location.assign('/')
      return
    }
    onSignedIn()
    void client.invalidateQueries()
  }

  return (
    <Dialog
      open={open}
      onOpenChange={() => undefined}
      title={signInText.again}
      description={signInText.againNote(user.login)}
      modalOnly
    >
      <div className="col gap-3 px-4 pb-4">
        <SignInForm initialLogin={user.login} fixedLogin onSignedIn={accept} />
        <Button kind="ghost" className="self-center" onClick={() => window.location.assign('/')}>
          {signInText.otherUser}
        </Button>
      </div>
    </Dialog>
  )
}
