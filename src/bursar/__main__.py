from bursar.cli.main import main

main()
