using Mapwire.Arenas.Tests.Processes;


// The tests; or, asked so by one of them, a process of its own that works on an arena until it is killed.
return args is ["child", ..] ? Child.Run(args[1..]) : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
