namespace Tidegate.Host;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    /// <summary>Stopped in order, or the file is valid.</summary>
    internal const int Success = 0;

    /// <summary>The gateway could not start, or the configuration is wrong.</summary>
    internal const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    internal const int Misuse = 2;

    /// <summary>For <c>--help</c>.</summary>
    internal const string Documentation =
        "Exit codes: 0 stopped in order, or the file is valid; 1 could not start, or the configuration is wrong; 2 the command line is "
        + "wrong; 130 or 143 ended by SIGINT (Ctrl-C) or SIGTERM before it was done: start by a second one, members and drain by the first.";
}
