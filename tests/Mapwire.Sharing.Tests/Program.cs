using Mapwire.Sharing.Tests.Processes;

// The tests; or, asked so by one of them, a process of its own that works on shared memory until it is killed.
return args is ["child", ..] ? Child.Run(args[1..]) : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
