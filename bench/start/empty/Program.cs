Console.WriteLine("Running");
