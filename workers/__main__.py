"""`python -m workers`: what is imported is no garbage, and half of the start would go into looking for it there."""

import gc

if __name__ == "__main__":
    gc.disable()
    from workers.cli.root import main

    gc.freeze()
    gc.enable()
    main()
