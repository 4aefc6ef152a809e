"""`python -m bot`: what is imported is no garbage, and half of the start would go into looking for it there."""

import gc

if __name__ == "__main__":
    gc.disable()
    from bot.process import main

    gc.freeze()
    gc.enable()
    main()
