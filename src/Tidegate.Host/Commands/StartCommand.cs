using System.CommandLine;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway;
using Tidegate.Gateway.Checking;
using Tidegate.Gateway.Configuration;
using Tidegate.Host.Logging;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate start</c>: runs the gateway in the foreground until a signal stops it.</summary>
internal static class StartCommand
{
    internal static Command Create(Installation installation)
    {
        var config = new Option<string?>("--config")
        {
            Description = $"The configuration file. Without this option: conf/gateway-config.xml in the directory that {Installation.HomeVariable} names.",
            HelpName = "FILE",
        };
        var format = new Option<string>("--log-format")
        {
            Description = "How log lines look on standard output.",
            HelpName = "text|json",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "json");
        var levels = new Option<string[]>("--log-level")
        {
            Description = $"What is logged: {LogLevels.Words}. With a category, for that part of the gateway only.",
            HelpName = "[category=]level",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        levels.Validators.Add(result =>
        {
            if (!LogLevels.TryParse(result.Tokens.Select(t => t.Value), out _, out string? wrong))
            {
                result.AddError(wrong);
            }
        });
        var lenient = new Option<bool>("--lenient")
        {
            Description = "Leaves services out, with a warning, that ask for what this version of Tidegate cannot do, instead of refusing the file.",
        };
        // How demo ends its gateways, also where it is killed itself.
        var untilInputEnds = new Option<bool>("--until-input-ends") { Description = "Also stops, as by Ctrl-C, when standard input ends.", Hidden = true };
        Option<string> grace = Grace.CreateOption();
        Option<string[]> definitions = Definitions.CreateOption();
        var command = new Command(
            "start", "Runs the gateway in the foreground. SIGTERM or Ctrl-C stops it in order, and SIGTERM in a cluster politely, over the time of --grace; a second one ends it at once.")
        {
            config, lenient, grace, format, levels, untilInputEnds, definitions,
        };
        command.SetAction((parsed, _) =>
        {
            if (!LogLevels.TryParse(parsed.GetValue(levels) ?? [], out LogLevels? parsedLevels, out string? _))
            {
                return Task.FromResult(ExitCode.Misuse);
            }

            return RunAsync(new StartRequest(
                installation,
                parsed.GetValue(config) ?? installation.DefaultConfiguration,
                parsed.GetValue(lenient),
                Grace.Of(parsed.GetValue(grace)),
                parsed.GetValue(format) == "json" ? LogFormat.Json : LogFormat.Text,
                parsedLevels,
                parsed.GetValue(untilInputEnds),
                Definitions.ToDictionary(parsed.GetValue(definitions) ?? [])));
        });
        return command;
    }

    private static async Task<int> RunAsync(StartRequest request)
    {
        using var signals = new StopSignals(TimeProvider.System);
        if (request.UntilInputEnds)
        {
            StandardStreams.StopAtInputEnd(signals);
        }

        await using Stream output = Console.OpenStandardOutput();
        using var provider = new StandardOutputLoggerProvider(request.LogFormat, request.LogLevels, output, TimeProvider.System);
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(provider));
        ILogger log = loggers.CreateLogger("gateway");
        try
        {
            return await ServeAsync(request, loggers, log, signals);
        }
        catch (OperationCanceledException) when (signals.Requested.IsCancellationRequested)
        {
            // Stopped before it was up.
            return ExitCode.Success;
        }
        catch (Exception e) when (e is ConfigurationException or GatewayStartException)
        {
            foreach (string line in e.Message.Split('\n'))
            {
                log.LogError("{Message}", line);
            }

            return ExitCode.Failure;
        }
        catch (Exception e)
        {
            log.LogError("Tidegate ends because of an error in itself, {Type}: {Message}", e.GetType().Name, e.Message);
            log.LogDebug(e, "Where it happened");
            return ExitCode.Failure;
        }
    }

    private static async Task<int> ServeAsync(StartRequest request, ILoggerFactory loggers, ILogger log, StopSignals signals)
    {
        log.LogInformation("Tidegate {Version}", Installation.Version);
        log.LogInformation("Configuration file: {Path}", Path.GetFullPath(request.ConfigurationFile));
        var check = new CheckOptions
        {
            IsStart = true,
            Lenient = request.Lenient,
            Parameters = OldEnvironment.With(request.Definitions),
            WebDirectory = request.Installation.WebDirectory,
            PluginDirectory = request.Installation.PluginDirectory,
        };
        CheckedConfiguration checkedFile = await ConfigurationCheck.RunAsync(request.ConfigurationFile, check, signals.Requested);
        Report(checkedFile, log);
        if (checkedFile.Configuration is not { } configuration)
        {
            return ExitCode.Failure;
        }

        var options = new GatewayServerOptions
        {
            WebDirectory = request.Installation.WebDirectory,
            PluginDirectory = request.Installation.PluginDirectory,
            ConfigurationFile = request.ConfigurationFile,
            Grace = request.Grace,
        };
        await using GatewayServer server = await GatewayServer.StartAsync(configuration.Servable(request.Lenient), options, loggers, signals.Requested);
        Task signal = signals.Wait();

        // It also ends when it was asked to over the control socket. Ctrl-C then hurries it.
        await Task.WhenAny(signal, server.Ended);
        if (signal.IsCompleted)
        {
            await (signals.IsPolite ? server.DrainAsync(CancellationToken.None) : server.StopAsync(CancellationToken.None));
        }

        return ExitCode.Success;
    }

    private static void Report(CheckedConfiguration checkedFile, ILogger log)
    {
        bool starts = checkedFile.Configuration is not null;
        if (!starts)
        {
            log.LogError("{Message}", ConfigurationException.Heading);
        }

        foreach (ConfigurationFinding finding in checkedFile.Findings)
        {
            if (finding.IsError)
            {
                log.LogError("{Message}", $"  {finding.What}");
            }
            else if (!starts || !finding.IsLoggedAtStart)
            {
                log.LogWarning("{Warning}", finding.What);
            }
        }
    }

    private sealed record StartRequest(
        Installation Installation,
        string ConfigurationFile,
        bool Lenient,
        TimeSpan Grace,
        LogFormat LogFormat,
        LogLevels LogLevels,
        bool UntilInputEnds,
        Dictionary<string, string> Definitions);
}
