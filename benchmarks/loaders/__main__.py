from benchmarks.loaders import main

if __name__ == "__main__":
    main()
