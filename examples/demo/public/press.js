/** @module Presses the only button of a page, as the person asked for on the overview. */
document.querySelector('form').requestSubmit()
