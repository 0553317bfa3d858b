/** @module The words of the pages in French. */
import type { TextKey } from './texts-english.js'

export const french: Readonly<Record<TextKey, string>> = {
  'title.session-ended': 'Votre session est terminée',
  'title.sign-in': 'Veuillez vous connecter',
  'title.going-on': 'Un instant, s’il vous plaît',
  'going-on.explain': 'Vous allez être redirigé. Si rien ne se passe, utilisez le bouton.',
  'title.sign-out': 'Voulez-vous vous déconnecter ?',
  'title.signed-out': 'La déconnexion est terminée',
  'title.sign-out-incomplete': 'Votre déconnexion n’est pas encore complète',
  'title.second-factor': 'Une étape de plus est nécessaire',
  'title.sign-in-incomplete': 'Votre connexion n’a pas abouti',
  'title.cookies': 'Votre navigateur a envoyé des témoins (cookies) qui ne vont pas ensemble',
  'title.cookies-too-large': 'Votre navigateur a envoyé trop de témoins (cookies)',
  'title.unavailable': 'Ce service n’est pas disponible pour le moment',
  'title.not-sent': 'Votre formulaire n’a pas été envoyé',
  'title.not-found': 'Il n’y a rien à cette adresse',
  'title.not-done': 'Rien n’a été changé',
  'title.not-allowed': 'Cette page ne vous est pas ouverte',

  'reason.not-signed-in': 'Vous n’avez pas de session ouverte.',
  'reason.not-started': 'Votre session ici n’a pas encore commencé.',
  'reason.token-expired': 'Votre connexion a expiré.',
  'reason.invalid-token': 'Votre connexion n’a pas pu être reconnue.',
  'reason.ambiguous-cookie': 'Votre navigateur a envoyé les témoins (cookies) de plus d’une session.',
  'reason.idle-timeout':
    'Il n’y a pas eu d’activité pendant un moment. Nous protégeons ainsi vos renseignements.',
  'reason.absolute-timeout': 'Votre session a atteint sa durée maximale.',
  'reason.application-sign-out': 'Vous avez fermé votre session dans cette application.',
  'reason.identity-ended': 'Le service de connexion vous a déconnecté.',
  'reason.identity-changed': 'Depuis, ce navigateur s’est connecté avec un autre compte.',
  'reason.signed-out': 'Vous avez fermé votre session dans cette application ou dans une autre.',
  'reason.too-many-sessions':
    'Vous vous êtes connecté plus souvent que cette application ne garde de sessions, et celle-ci était inutilisée depuis le plus longtemps.',
  'reason.provider-removed':
    'Le service de connexion que vous avez utilisé ne fait plus partie de cette application.',
  'reason.revoked': 'Vous avez été déconnecté d’ailleurs, par exemple depuis un autre appareil.',

  'login.again': 'Connectez-vous de nouveau pour reprendre où vous en étiez.',
  'login.provider-unasked':
    'Vous avez fermé votre session ici, mais le service de connexion vous connaît peut-être encore.',
  'title.choose-way': 'Choisissez comment vous connecter',
  'login.choose-way': 'Ce navigateur se souvient de votre choix.',
  'login.no-way':
    'Cette application a plusieurs services de connexion : commencez à l’adresse que votre organisme vous a donnée.',
  'action.other-ways': 'Autres façons de se connecter',
  'provider.other-needed':
    'Cette partie est réservée aux personnes qui se connectent par un autre service de connexion.',
  'provider.sign-out-first':
    'Vous êtes déjà connecté. Pour changer, déconnectez-vous et connectez-vous là-bas.',
  'action.sign-in': 'Se connecter',
  'action.sign-in-again': 'Se connecter de nouveau',
  'action.continue': 'Continuer',
  'action.try-again': 'Réessayer',
  'action.home': 'Aller à la page d’accueil',

  'sign-out.explain': 'Vous pouvez vous déconnecter de toutes les applications, ou seulement de celle-ci.',
  'sign-out.explain-provider':
    'Vous pouvez vous déconnecter ici et du service de connexion, ou seulement de cette application.',
  'sign-out.other-people': 'Si d’autres personnes utilisent cet appareil, choisissez partout.',
  'action.sign-out-everywhere': 'Se déconnecter partout',
  'action.sign-out-here': 'Se déconnecter seulement ici',
  'action.stay': 'Garder ma session ouverte',
  'action.sign-out-and-in': 'Se déconnecter partout et se connecter de nouveau',
  'action.finish-sign-out': 'Terminer la déconnexion',

  'outcome.global': 'Votre session est fermée dans toutes les applications et au service de connexion.',
  'outcome.global-provider':
    'Votre session est fermée ici et au service de connexion. Il revient à ce service d’en avertir les autres applications.',
  'outcome.nobody': 'Vous n’aviez pas de session ouverte ici ; il n’y avait rien à fermer.',
  'outcome.partial':
    'Votre session est fermée ici. Une autre partie n’a pas pu être confirmée ; la liste indique laquelle.',
  'outcome.failed': 'Une partie de la déconnexion a échoué. Veuillez réessayer, ou fermez votre navigateur.',
  'outcome.application':
    'Votre session est fermée dans cette application. Elle est peut-être encore ouverte ailleurs.',
  'signed-out.no-state':
    'Votre session est fermée ici. Le service de connexion vous a renvoyé sans dire si celle que vous aviez chez lui a pris fin.',
  'leave.used':
    'Votre session est fermée ici. Le lien vers le service de connexion a déjà servi, ou il est trop ancien : on ne sait pas si votre session y a pris fin.',
  'leave.over': 'Cette adresse appartenait à une déconnexion et ne mène plus nulle part.',
  'signed-out.close': 'Si d’autres personnes utilisent cet appareil, fermez aussi le navigateur.',
  'leg.sessions': 'Sessions des applications',
  'leg.cookies': 'Témoins (cookies) de connexion partagés',
  'leg.own-cookie': 'Témoin (cookie) de connexion de cette application',
  'leg.identity': 'Session auprès du service de connexion',
  'leg.tokens': 'Jetons du service de connexion',
  'leg-state.done': 'terminé',
  'leg-state.skipped': 'pas nécessaire',
  'leg-state.refused': 'refusé',
  'leg-state.timed-out': 'pas de réponse à temps',
  'leg-state.unknown': 'non confirmé',
  'leg-state.left': 'inchangé',
  'leg-state.not-possible': 'ne peut pas être fermé d’ici',
  'leg-state.other-sessions': 'supprimés ici ; d’autres de vos connexions restent peut-être ouvertes',

  'second-factor.needed':
    'Votre connexion a réussi, mais cette application a besoin d’une seconde preuve que c’est bien vous.',
  'action.second-factor': 'Passer à la seconde étape',
  'judgement.not-active': 'Vous êtes de retour du service de connexion, mais sans session ouverte.',
  'judgement.assurance':
    'Votre session est ouverte, mais pas de la manière renforcée que cette partie demande.',
  'judgement.same-session':
    'Le service de connexion a renvoyé la session qui est terminée. Pour en commencer une nouvelle, déconnectez-vous partout et connectez-vous de nouveau.',
  'judgement.unproven':
    'Vous êtes de retour du service de connexion, mais il ne dit pas que vous venez de prouver votre identité. Pour vous protéger, nous n’avons ouvert aucune session.',
  'judgement.unproven-remedy':
    'Recommencer dans ce navigateur n’y changera rien. Veuillez prévenir les responsables de cette application.',
  'judgement.not-recent':
    'Votre session est ouverte, mais cette partie vous demande de prouver de nouveau que c’est bien vous.',
  'judgement.no-state':
    'Cette visite ne correspond à aucune connexion commencée dans ce navigateur, ou elle a duré trop longtemps. Rien n’a changé.',
  'judgement.no-return':
    'Cette visite ne correspond à aucune connexion ni déconnexion en cours dans ce navigateur : elle était déjà terminée, ou elle a duré trop longtemps.',
  'judgement.other-host':
    'La connexion a commencé à une autre adresse que celle où elle est revenue : ce navigateur ne l’y reconnaît pas. Ouvrez la page d’accueil ci-dessous et connectez-vous là.',
  'host.began': 'Adresse de départ',
  'host.came': 'Adresse de retour',
  'judgement.loop':
    'L’adresse du service de connexion ramène à cette application : personne ne peut se connecter. Veuillez prévenir les responsables de ce service.',
  'action.sign-in-strong': 'Se connecter de la manière renforcée',

  'cookies.explain':
    'Nous ne pouvons pas savoir quelle connexion est la vôtre. Pour vous protéger, nous n’en acceptons aucune.',
  'cookies.remedy':
    'Déconnectez-vous partout et connectez-vous de nouveau. Si cette page revient, supprimez les témoins (cookies) de ce site.',
  'cookies.too-large':
    'Il y en a plus que nous n’en lisons : personne ne peut se connecter. Supprimez les témoins (cookies) de ce site et ouvrez-le de nouveau. Si cette page revient, veuillez prévenir les responsables de ce service.',
  'unavailable.explain':
    'Votre session n’a pas pu être consultée. Elle n’a pas été fermée, et rien n’a été perdu.',
  'unavailable.sign-in': 'Votre connexion n’a pas pu être menée à bien.',
  'unavailable.sign-in-service': 'Le service de connexion ne répond pas.',
  'unavailable.provider-session':
    'Vous êtes connecté par un service de connexion qui n’est pas connu ici, ou pas encore. Personne ne vous a déconnecté.',
  'unavailable.provider': 'Ce service de connexion n’est pas connu ici, ou pas encore.',
  'unavailable.remedy': 'Veuillez réessayer dans un instant.',
  'not-sent.nothing-kept':
    'Rien n’en a été conservé. Utilisez le bouton Précédent de votre navigateur pour copier ce que vous avez écrit, puis connectez-vous et envoyez-le de nouveau.',
  'not-sent.foreign': 'La demande ne venait pas d’une page de cette application ; rien n’a été changé.',
  'not-found.explain': 'L’adresse est peut-être mal écrite, ou ce qui était ici a été déplacé.',
  'not-done.foreign': 'La demande ne venait pas d’une page de cette application.',
  'not-done.unreadable': 'La demande n’a pas pu être lue.',
  'not-allowed.explain': 'Vous êtes connecté, mais votre compte n’y a pas accès.',
}
