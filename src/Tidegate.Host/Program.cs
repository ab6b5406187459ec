using Tidegate.Host;
using Tidegate.Host.Commands;

return await CommandLine.RunAsync(args, Installation.Find(), Console.Out, Console.Error);
